// Copy speed: see copy_speed.h.
#include "cuda/copy_speed.h"

#include <algorithm>
#include <initializer_list>

namespace gnnsched {

namespace {

// Beyond any cache together with its copy, and done in a moment on the slowest GPU.
constexpr int64_t kBytes = int64_t{128} << 20;

// Clocks of events resolve half a microsecond.
constexpr float kShortestMs = 0.0005f;

cudaError_t time_copies(uint8_t* pool, size_t bytes, cudaStream_t stream, cudaEvent_t start,
                        cudaEvent_t end, float& ms) {
  float times[3];
  // the first one warms up
  for (int i = -1; i < 3; i++) {
    cudaError_t bad = cudaEventRecord(start, stream);
    if (bad == cudaSuccess) {
      bad = cudaMemcpyAsync(pool, pool + bytes, bytes, cudaMemcpyDeviceToDevice, stream);
    }
    if (bad == cudaSuccess) bad = cudaEventRecord(end, stream);
    if (bad == cudaSuccess) bad = cudaStreamSynchronize(stream);
    if (bad == cudaSuccess) bad = cudaEventElapsedTime(&times[i < 0 ? 0 : i], start, end);
    if (bad != cudaSuccess) return bad;
  }
  std::sort(times, times + 3);
  ms = times[1];
  return cudaSuccess;
}

}  // namespace

cudaError_t measure_copy(uint8_t* pool, int64_t pool_bytes, double& bytes_per_second) {
  const auto bytes = static_cast<size_t>(std::min(pool_bytes / 2, kBytes));
  cudaStream_t stream = nullptr;
  cudaEvent_t start = nullptr, end = nullptr;
  float ms = 0;
  cudaError_t bad = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (bad == cudaSuccess) bad = cudaEventCreateWithFlags(&start, cudaEventDefault);
  if (bad == cudaSuccess) bad = cudaEventCreateWithFlags(&end, cudaEventDefault);
  if (bad == cudaSuccess) bad = time_copies(pool, bytes, stream, start, end, ms);
  for (cudaEvent_t event : {start, end}) {
    if (event != nullptr) (void)cudaEventDestroy(event);
  }
  if (stream != nullptr) (void)cudaStreamDestroy(stream);
  bytes_per_second = 2 * static_cast<double>(bytes) / (std::max(ms, kShortestMs) / 1e3);
  return bad;
}

}  // namespace gnnsched
