// Products cut along k: what the kernels share.
#pragma once
#include "gemm/gemm.h"

namespace gnnsched::gpu {

cudaError_t launch_gemm_ffma(const GemmArgs& args, const GemmSplit& split, float* partials,
                             cudaStream_t stream);
cudaError_t launch_gemm_tf32(const GemmArgs& args, const GemmSplit& split, int products,
                             float* partials, cudaStream_t stream);
cudaError_t launch_gemm_half(const GemmArgs& args, const GemmSplit& split, Storage operands,
                             float* partials, cudaStream_t stream);

}  // namespace gnnsched::gpu
