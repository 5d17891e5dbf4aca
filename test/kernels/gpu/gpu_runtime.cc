// What the checks ask of an emulator, on a GPU: see block.h.
#include "block.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "trace.h"

namespace emulator {

const std::string& last_failure() {
  static std::string text;
  text = cudaGetErrorString(cudaGetLastError());
  return text;
}

#if !defined(GNNSCHED_EMULATED)

void set_order(uint64_t) {}
void start_trace(size_t) {}
Counters stop_trace() { return {}; }

cudaError_t malloc_for_both(void** block, size_t bytes) {
  *block = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (cudaError_t bad = cudaMallocManaged(block, bytes, cudaMemAttachGlobal)) {
    std::fprintf(stderr, "%zu bytes for GPU and host: %s\n", bytes, cudaGetErrorString(bad));
    std::exit(1);  // no GPU, or one that is not well: no case can say anything
  }
  std::memset(*block, 0xff, bytes);
  return cudaSuccess;
}

#endif

}  // namespace emulator
