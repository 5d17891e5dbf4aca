// The host's side: memory that is poisoned when it is handed out, streams that are queues, launches
// refused where CUDA refuses them.
#include <cstdlib>
#include <cstring>
#include <deque>

#include "block.h"

namespace emulator {

struct Stream {
  std::deque<Launch> queue;
};

namespace {
thread_local cudaError_t last_error = cudaSuccess;
thread_local std::string failure;

cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}
}  // namespace

const std::string& last_failure() { return failure; }

cudaError_t enqueue(Launch launch, cudaStream_t stream) {
  const dim3 grid = launch.grid, block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  const bool grid_fits = grid.x >= 1 && grid.x <= 0x7fffffffu && grid.y >= 1 && grid.y <= 65535 &&
                         grid.z >= 1 && grid.z <= 65535;
  if (!grid_fits || threads < 1 || threads > 1024) return report(cudaErrorInvalidConfiguration);
  if (stream == nullptr) return report(cudaErrorInvalidValue);
  stream->queue.push_back(std::move(launch));
  return cudaSuccess;
}

}  // namespace emulator

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  // as aligned as CUDA's, and the end is the end of a heap block
  *memory = nullptr;
  if (posix_memalign(memory, 256, bytes) != 0 || *memory == nullptr) {
    return emulator::report(cudaErrorMemoryAllocation);
  }
  std::memset(*memory, 0xff, bytes);  // NaN for a float, -1 for an index
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new emulator::Stream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  while (!stream->queue.empty()) {
    const emulator::Launch launch = std::move(stream->queue.front());
    stream->queue.pop_front();
    emulator::failure = emulator::run(launch);
    if (!emulator::failure.empty()) {
      stream->queue.clear();
      return emulator::report(cudaErrorLaunchFailure);
    }
  }
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = emulator::last_error;
  emulator::last_error = cudaSuccess;
  return error;
}
