// What this GPU can do at best, measured in the same run: streaming copy, gathers of rows that lie in
// the L2, and what one more launch in a graph costs.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

struct Ceilings {
  double copy_bytes_per_second = 0;    // read and written, together
  double gather_bytes_per_second = 0;  // rows of 256 bytes at random out of 24 MB
  double launch_us = 0;                // of an empty kernel among many in a graph
};

cudaError_t launch_copy(float4* to, const float4* from, int64_t quads, cudaStream_t stream);
// y[i] = the row order[i] of x, 64 floats each, summed over `per` rows so that little is written.
cudaError_t launch_gather_rows(float* y, const float* x, const int32_t* order, int64_t rows, int per,
                               cudaStream_t stream);
cudaError_t launch_nothing(cudaStream_t stream);

Ceilings measure_ceilings(size_t copy_bytes, int samples, cudaStream_t stream);
