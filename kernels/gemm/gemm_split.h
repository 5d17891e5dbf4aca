// Products cut along k: what both kernels share.
#pragma once
#include "gemm/gemm.h"

namespace gnnsched::gpu {

cudaError_t launch_gemm_ffma(const GemmArgs& args, const GemmSplit& split, float* partials,
                             cudaStream_t stream);
cudaError_t launch_gemm_tf32x3(const GemmArgs& args, const GemmSplit& split, float* partials,
                               cudaStream_t stream);

}  // namespace gnnsched::gpu
