// Times of several candidates side by side: each sample is one CUDA graph of repeated launches between
// two events, candidates take turns, and the answer is a median with its spread. With the caches hot
// (the same operands again and again) and cold (operands in turn, together three times the L2).
#pragma once
#include <cuda_runtime_api.h>

#include <functional>
#include <string>
#include <vector>

struct Spread {
  double median_us = 0, min_us = 0, p10_us = 0, p90_us = 0, max_us = 0;
  int samples = 0;
};

// Enqueues one run on the operands of `set`.
using Launch = std::function<cudaError_t(cudaStream_t stream, int set)>;

struct Candidate {
  std::string name;
  Launch launch;
  int64_t workspace_bytes = 0;  // beside operands and output
  double error = 0;             // largest against float64, of the largest value
  std::string problem;          // why there is no time
  Spread hot, cold;
};

struct TimingOptions {
  int samples = 30;
  int sets = 1;  // of operands, for cold caches; 1 leaves `cold` out
  cudaStream_t stream = nullptr;
};

void measure(std::vector<Candidate>& candidates, const TimingOptions& options);

// Ends the program with the place where a call that must not fail does.
void must(cudaError_t error, const char* what);

// Memory of the device, given back at the end.
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(size_t bytes);
  DeviceArray(DeviceArray&& other) noexcept : memory_(other.memory_), bytes_(other.bytes_) {
    other.memory_ = nullptr;
  }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~DeviceArray();
  template <class T>
  T* as() const {
    return static_cast<T*>(memory_);
  }
  size_t bytes() const { return bytes_; }
  void fill(const void* from, cudaStream_t stream) const;
  void poison(cudaStream_t stream) const;
  void read(void* to, size_t bytes, cudaStream_t stream) const;

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

template <class T>
DeviceArray on_device(const std::vector<T>& values, cudaStream_t stream) {
  DeviceArray out(values.size() * sizeof(T));
  out.fill(values.data(), stream);
  return out;
}
