// The operators that walk rows once; see DensifyOp, RowwiseOp, ReadoutOp, GatherOp and LogSoftmaxOp
// in src/model/Op.ts.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"

namespace gnnsched::gpu {

cudaError_t launch_densify_csr(const DensifyArgs& args, cudaStream_t stream);
cudaError_t launch_rowwise_f32(const RowwiseArgs& args, cudaStream_t stream);
cudaError_t launch_readout_f32(const ReadoutArgs& args, cudaStream_t stream);
cudaError_t launch_gather_f32(const GatherArgs& args, cudaStream_t stream);
cudaError_t launch_log_softmax_f32(const LogSoftmaxArgs& args, cudaStream_t stream);

}  // namespace gnnsched::gpu
