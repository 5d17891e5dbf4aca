// Uploads: pageable memory goes through two pinned buffers in turn, so that filling one overlaps with
// the transfer of the other. Used by the copier's thread alone.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace gnnsched {

class Staging {
 public:
  Staging() = default;
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  cudaError_t open();
  // Returns when the bytes are on the device.
  cudaError_t copy(uint8_t* to, const uint8_t* from, size_t bytes);

  // Pinned memory of the host.
  static constexpr size_t kBytes = size_t{8} << 20;

 private:
  struct Buffer {
    uint8_t* memory = nullptr;
    cudaEvent_t sent = nullptr;
  };
  Buffer buffers_[2];
  cudaStream_t stream_ = nullptr;
};

}  // namespace gnnsched
