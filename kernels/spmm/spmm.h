// y[m, n] = epilogue(reduce over edges of x + self term); see SpmmOp in src/model/Op.ts.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"
#include "spmm/spmm_plan.h"

namespace gnnsched::gpu {

// Partial rows of the segments; 16-byte aligned memory of this task alone.
int64_t spmm_workspace_bytes(int64_t segments, int64_t n);

cudaError_t launch_spmm_csr(const SpmmArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream);

}  // namespace gnnsched::gpu
