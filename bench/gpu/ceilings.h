// What this GPU can do at best, measured in the same run: streaming copy, gathers of rows that lie in
// the L2, and what one more launch in a graph costs.
#pragma once
#include <cuda_runtime_api.h>


#include <cstddef>
#include <cstdint>

#if !defined(__CUDACC__) && !defined(__host__)
#define __host__
#define __device__
#endif

struct Ceilings {
  double copy_bytes_per_second = 0;    // read and written, together
  double gather_bytes_per_second = 0;  // rows of 256 bytes at random out of 24 MB
  double launch_us = 0;                // of an empty kernel among many in a graph
};

// Values in [-1, 1) that the host can compute as well: operands are never zeros.
inline __host__ __device__ float value_at(uint64_t seed, uint64_t i) {
  uint64_t z = seed * 0x9e3779b97f4a7c15ull + i;  // SplitMix64 (Steele et al., OOPSLA 2014)
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-23f - 1.0f;
}
cudaError_t launch_fill(float* to, int64_t count, uint64_t seed, cudaStream_t stream);

cudaError_t launch_copy(float4* to, const float4* from, int64_t quads, cudaStream_t stream);
// y[i] = the row order[i] of x, 64 floats each, summed over `per` rows so that little is written.
cudaError_t launch_gather_rows(float* y, const float* x, const int32_t* order, int64_t rows, int per,
                               cudaStream_t stream);
cudaError_t launch_nothing(cudaStream_t stream);

Ceilings measure_ceilings(size_t copy_bytes, int samples, cudaStream_t stream);
