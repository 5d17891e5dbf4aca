// From a slice of an operator to the launches of its kernels on a stream.
#pragma once
#include <cuda_runtime_api.h>

#include "cuda/op_slices.h"

namespace gnnsched {

// What the kernels of an operator need that the plan must have set aside; empty, or what is missing.
Verdict check_kernel_memory(const NativePlan& plan, const Binding& binding);

// Enqueues; allocates nothing and waits for nothing.
cudaError_t launch_slice(const PlanOp& op, const OpSlice& slice, const Binding& binding,
                         bool tensor_cores, cudaStream_t stream);

}  // namespace gnnsched
