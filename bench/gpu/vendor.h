// cuSPARSE and cuBLAS as they are on the machine, by dlopen: no headers of theirs are needed, and
// without them the bench still runs. Names, types and numbers are those of CUDA 12 and 13.
// GNNSCHED_VENDOR_LIBS: folders to look in before the loader's own, separated by ':'.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/op_args.h"

namespace vendor {

enum class Number : int { f32 = 0, f16 = 2, bf16 = 14 };  // cudaDataType_t
inline Number number_of(gnnsched::Storage storage) {
  return storage == gnnsched::Storage::f32   ? Number::f32
         : storage == gnnsched::Storage::f16 ? Number::f16
                                             : Number::bf16;
}

// One sparse product y[m, n] = a[m, k] x[k, n], row-major, of one algorithm; null where it is not there.
class SparseProduct {
 public:
  virtual ~SparseProduct() = default;
  virtual int64_t workspace_bytes() const = 0;
  virtual cudaError_t launch(const void* x, void* y, cudaStream_t stream) = 0;
};

struct SparseShape {
  int64_t m, k, n, nnz;
  const int32_t* row_offsets;
  const int32_t* col_indices;
  const void* values;
  Number number;
};

// 1, 2 or 3: CUSPARSE_SPMM_CSR_ALG1 .. ALG3. With its preprocessing done once, here.
std::unique_ptr<SparseProduct> sparse_product(const SparseShape& shape, int algorithm,
                                              const void* x, void* y, cudaStream_t stream,
                                              std::string& problem);

// c[m, n] = a[m, k] b[k, n], row-major and contiguous.
class DenseProduct {
 public:
  virtual ~DenseProduct() = default;
  virtual int64_t workspace_bytes() const = 0;
  virtual cudaError_t launch(const void* a, const void* b, void* c, cudaStream_t stream) = 0;
};

struct DenseShape {
  int64_t m, k, n;
  Number number;
  bool tf32;          // of float32: by tensor cores in TF32
  const void* bias;   // null, or [n] of `number`: bias and ReLU fused by cuBLASLt
};

std::unique_ptr<DenseProduct> dense_product(const DenseShape& shape, std::string& problem);

}  // namespace vendor
