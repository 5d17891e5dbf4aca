// What the segments of heavy rows leave for the merge, the same for both kinds of attention: rows of
// heads * head_width sums, then the softmax state of each head.
#pragma once
#include <cuda_runtime_api.h>

#include "common/launch.h"
#include "common/op_args.h"
#include "spmm/spmm_plan.h"

namespace gnnsched::gpu {

struct GatPartials {
  float* sums;
  float* largest;
  float* denominator;
  int64_t ld;
};

__host__ __device__ inline GatPartials gat_partials(void* workspace, int64_t segments,
                                                    int64_t heads, int64_t columns) {
  const int64_t ld = (columns + 3) / 4 * 4;
  auto* sums = static_cast<float*>(workspace);
  float* largest = sums + segments * ld;
  return {sums, largest, largest + segments * heads, ld};
}

// Merges the segments of each heavy row in their order and finishes the rows.
cudaError_t launch_gat_combine(const GatArgs& args, const RowWork& work, void* workspace,
                               cudaStream_t stream);

}  // namespace gnnsched::gpu
