// What a kernel is told, on the CPU and on a GPU: the operators of src/model/Op.ts with their
// memory. Plain data of C types alone. Dimensions are 64-bit, indices in memory 32-bit; all matrices
// are row-major.
#pragma once
#include <stdint.h>

namespace gnnsched {

enum class Activation : int32_t { identity, relu, elu, leaky_relu, tanh, sigmoid, gelu, silu };
enum class Reduce : int32_t { sum, mean, max };

// How a matrix's elements lie in memory. Where it is not f32, a field of type float* is the address
// of elements of two bytes, and leading dimensions count those.
enum class Storage : int32_t { f32, f16, bf16 };

constexpr int64_t element_bytes(Storage storage) { return storage == Storage::f32 ? 4 : 2; }

constexpr int64_t kMaxHeads = 64;
// The widest rows that a block of a fused layer keeps in shared memory.
constexpr int64_t kWidestFused = 128;

// v = acc * row_scale[r]; v += addend[r, c]; v += bias[c]; affine; act; affine (one of the two)
struct Epilogue {
  const float* row_scale;  // [m] or null
  const float* addend;     // [m, n] or null; may be the output
  int64_t ld_addend;
  const float* bias;   // [n] or null
  const float* scale;  // [n] or null, with shift
  const float* shift;
  bool affine_after;
  Activation activation;
  float parameter;
  Storage addend_storage = Storage::f32;
};

// c[m, n] = epilogue(a[m, k] * b[k, n])
struct GemmArgs {
  int64_t m, k, n;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
  Epilogue epilogue;
  Storage a_storage = Storage::f32, c_storage = Storage::f32;
};

// y[r, :] = epilogue(reduce of values[e] * col_scale[col[e]] * x[col[e], :] + self term)
struct SpmmArgs {
  int64_t m, k, n, nnz;
  Reduce reduce;
  bool skip_self;
  float self_coefficient;
  const int32_t* row_offsets;
  const int32_t* col_indices;
  const float* values;       // [nnz] or null
  const float* col_scale;    // [k] or null
  const float* self_weight;  // [m] or null
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
  Epilogue epilogue;
  Storage x_storage = Storage::f32, y_storage = Storage::f32;
};

// attention over incoming edges; x is [m, heads * head_width]. GATv2 has att: then score_dst is the
// matrix [m, heads * head_width] that targets add to x, and score_src is not read
struct GatArgs {
  int64_t m, nnz, heads, head_width;
  bool concat, self_loops;
  float negative_slope;
  const int32_t* row_offsets;
  const int32_t* col_indices;
  const float* x;
  int64_t ldx;
  const float* score_src;
  int64_t ld_src;
  const float* score_dst;
  int64_t ld_dst;
  const float* att;  // [heads * head_width] or null
  float* y;
  int64_t ldy;
  Epilogue epilogue;
};

// product.c = epilogue(s * product.b) with s[m, k] = what `aggregate` would store: its y and epilogue
// and the product's a are not there, aggregate.n is product.k
struct AggGemmArgs {
  SpmmArgs aggregate;
  GemmArgs product;
  int64_t row_begin = 0;  // of the rows to compute; they end with m
};

// y[m, k] = the CSR matrix as a dense one; duplicates add up
struct DensifyArgs {
  int64_t m, k;
  const int32_t* row_offsets;
  const int32_t* col_indices;
  const float* values;
  float* y;
  int64_t ldy;
};

// y[r, :] = epilogue(l2 ? x[r, :] / max(|x[r, :]|, 1e-12) : x[r, :]); y may be x
struct RowwiseArgs {
  int64_t m, n;
  bool l2;
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
  Epilogue epilogue;
  Storage x_storage = Storage::f32, y_storage = Storage::f32;
};

// y[g, :] = reduce of x[offsets[g] .. offsets[g + 1], :]; an empty graph gives 0
struct ReadoutArgs {
  int64_t graphs, n;
  Reduce reduce;
  const int32_t* offsets;
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
  Storage x_storage = Storage::f32, y_storage = Storage::f32;
};

// y[i, :] = x[rows[i], :]
struct GatherArgs {
  int64_t count, n;
  const int32_t* rows;
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
  Storage x_storage = Storage::f32, y_storage = Storage::f32;
};

// y[r, :] = x[r, :] - log(sum(exp(x[r, :]))); y may be x
struct LogSoftmaxArgs {
  int64_t m, n;
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
};

// y[m, n] = x[m, n]
struct CopyArgs {
  int64_t m, n;
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
};

}  // namespace gnnsched
