// Attention over incoming edges with an online softmax; see GatOp in src/model/Op.ts.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"
#include "spmm/spmm_plan.h"

namespace gnnsched::gpu {

// Partial rows and softmax states of the segments; 16-byte aligned memory of this task alone.
int64_t gat_workspace_bytes(int64_t segments, int64_t heads, int64_t head_width);

cudaError_t launch_gat_csr(const GatArgs& args, const RowWork& work, void* workspace,
                           cudaStream_t stream);

}  // namespace gnnsched::gpu
