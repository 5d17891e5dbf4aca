// Uploads: see staging.h.
#include "cuda/staging.h"

#include <algorithm>
#include <cstring>

namespace gnnsched {

cudaError_t Staging::open() {
  if (cudaError_t bad = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)) return bad;
  for (Buffer& buffer : buffers_) {
    if (cudaError_t bad = cudaMallocHost(reinterpret_cast<void**>(&buffer.memory), kBytes)) {
      return bad;
    }
    if (cudaError_t bad = cudaEventCreateWithFlags(&buffer.sent, cudaEventDisableTiming)) {
      return bad;
    }
  }
  return cudaSuccess;
}

Staging::~Staging() {
  if (stream_ != nullptr) (void)cudaStreamDestroy(stream_);
  for (Buffer& buffer : buffers_) {
    if (buffer.sent != nullptr) (void)cudaEventDestroy(buffer.sent);
    if (buffer.memory != nullptr) (void)cudaFreeHost(buffer.memory);
  }
}

cudaError_t Staging::copy(uint8_t* to, const uint8_t* from, size_t bytes) {
  int turn = 0;
  for (size_t at = 0; at < bytes; at += kBytes, turn ^= 1) {
    Buffer& buffer = buffers_[turn];
    const size_t part = std::min(kBytes, bytes - at);
    // not recorded yet: there is nothing to wait for
    if (cudaError_t bad = cudaEventSynchronize(buffer.sent)) return bad;
    std::memcpy(buffer.memory, from + at, part);
    if (cudaError_t bad =
            cudaMemcpyAsync(to + at, buffer.memory, part, cudaMemcpyHostToDevice, stream_)) {
      return bad;
    }
    if (cudaError_t bad = cudaEventRecord(buffer.sent, stream_)) return bad;
  }
  return cudaStreamSynchronize(stream_);
}

}  // namespace gnnsched
