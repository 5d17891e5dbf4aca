// c[m, n] = epilogue(a[m, k] * b[k, n]), row-major, any leading dimensions.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"

namespace gnnsched::gpu {

enum class GemmMode {
  ffma,    // float32 multiply-add: every architecture, the narrowest outputs
  tf32x3,  // three tensor-core products per element, float32-grade results: sm_80 and later
  tf32,    // one, of operands rounded to 10 bits of mantissa; a in float32, as for tf32x3
  f16,     // one, of operands rounded to f16; a in float32 or f16: sm_80 and later
  bf16,    // the same with bf16
};

// How the product is cut along k, decided by shape alone so that bits do not depend on the device.
struct GemmSplit {
  int64_t depth;  // of one part; a multiple of the kernels' tile depth
  int64_t parts;
};
GemmSplit gemm_split(int64_t m, int64_t k, int64_t n);

// Partial products of more than one part; 0 for one.
int64_t gemm_workspace_bytes(int64_t m, int64_t k, int64_t n);

// Sums are float32 in every mode; a and c may be stored in two bytes, b is float32. Refuses an a whose
// storage the mode does not take; ffma takes all. `split` is that of the whole product, also where
// args are some of its rows: every row has the bits it has in the whole.
cudaError_t launch_gemm_f32(const GemmArgs& args, const GemmSplit& split, GemmMode mode,
                            void* workspace, cudaStream_t stream);

inline cudaError_t launch_gemm_f32(const GemmArgs& args, GemmMode mode, void* workspace,
                                   cudaStream_t stream) {
  return launch_gemm_f32(args, gemm_split(args.m, args.k, args.n), mode, workspace, stream);
}

}  // namespace gnnsched::gpu
