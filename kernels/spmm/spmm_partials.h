// Where the segments of heavy rows leave what they found: rows of floats, then how many edges counted.
#pragma once
#include <stdint.h>

#include "common/launch.h"

namespace gnnsched::gpu {

__host__ __device__ inline int64_t spmm_padded(int64_t n) { return (n + 3) / 4 * 4; }

struct SpmmPartials {
  float* rows;
  int32_t* counted;
  int64_t ld;
};

__host__ __device__ inline SpmmPartials spmm_partials(void* workspace, int64_t segments,
                                                      int64_t n) {
  auto* rows = static_cast<float*>(workspace);
  const int64_t ld = spmm_padded(n);
  return {rows, reinterpret_cast<int32_t*>(rows + segments * ld), ld};
}

}  // namespace gnnsched::gpu
