// GATv2's attention: launch_gat_csr comes here where there is an `att`.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"
#include "spmm/spmm_plan.h"

namespace gnnsched::gpu {

// The same workspace as launch_gat_csr.
cudaError_t launch_gatv2_csr(const GatArgs& args, const RowWork& work, void* workspace,
                             cudaStream_t stream);

}  // namespace gnnsched::gpu
