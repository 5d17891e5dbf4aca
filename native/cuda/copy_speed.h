// How fast a GPU moves bytes: the yardstick by which operators are cut into slices.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace gnnsched {

// Bytes read and written per second by a copy within the pool, which holds nothing yet: the median of a
// few. A pool that fits the cache is measured at the cache's speed, at which its plans will run, too.
cudaError_t measure_copy(uint8_t* pool, int64_t pool_bytes, double& bytes_per_second);

}  // namespace gnnsched
