// One launcher for each two-byte storage of x: sources of their own, compiled side by side.
#pragma once
#include "spmm/spmm.h"

namespace gnnsched::gpu {

cudaError_t launch_spmm_f16(const SpmmArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream);
cudaError_t launch_spmm_bf16(const SpmmArgs& args, const RowWork& work, void* workspace,
                             cudaStream_t stream);

}  // namespace gnnsched::gpu
