// Operands that device and host make alike, and what the host reads back.
#pragma once
#include <cuda_runtime_api.h>

#include <string>
#include <vector>

#include "common/op_args.h"
#include "timing.h"

#if !defined(__CUDACC__) && !defined(__host__)
#define __host__
#define __device__
#endif

// Value i of a seed, in [-1, 1): operands are never zeros. What is stored in two bytes is a multiple of
// 1/128, which f16, bf16 and TF32 all have: then only sums and results are rounded.
inline __host__ __device__ float value_at(gnnsched::Storage storage, uint64_t seed, uint64_t i) {
  uint64_t z = seed * 0x9e3779b97f4a7c15ull + i;  // SplitMix64 (Steele et al., OOPSLA 2014)
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  const float v = static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-23f - 1.0f;
  return storage == gnnsched::Storage::f32 ? v : static_cast<float>(static_cast<int>(v * 128)) / 128;
}

cudaError_t launch_fill(float* to, gnnsched::Storage storage, int64_t count, uint64_t seed,
                        cudaStream_t stream);

// Row-major, without gaps between rows.
class DeviceMatrix {
 public:
  DeviceMatrix(int64_t rows, int64_t columns, gnnsched::Storage storage)
      : rows_(rows), columns_(columns), storage_(storage),
        memory_(static_cast<size_t>(rows * columns * gnnsched::element_bytes(storage))) {}
  // As launchers take it: see Storage.
  float* floats() const { return memory_.as<float>(); }
  void* data() const { return memory_.as<void>(); }
  int64_t columns() const { return columns_; }
  gnnsched::Storage storage() const { return storage_; }
  int64_t bytes() const { return static_cast<int64_t>(memory_.bytes()); }
  void poison(cudaStream_t stream) const { memory_.poison(stream); }
  void fill(uint64_t seed, cudaStream_t stream) const {
    must(launch_fill(floats(), storage_, rows_ * columns_, seed, stream), "fill");
  }
  // Of float32.
  void write(const std::vector<float>& values, cudaStream_t stream) const {
    memory_.fill(values.data(), stream);
  }
  // These rows, in float32.
  std::vector<float> read(const std::vector<int64_t>& rows, cudaStream_t stream) const;

 private:
  int64_t rows_, columns_;
  gnnsched::Storage storage_;
  DeviceArray memory_;
};

// As in `type` of the JSON.
inline std::string name_of(gnnsched::Storage storage) {
  return storage == gnnsched::Storage::f32 ? "fp32"
         : storage == gnnsched::Storage::f16 ? "fp16" : "bf16";
}

// What a candidate has to give.
struct Expected {
  std::vector<int64_t> rows;   // of the output that are compared
  std::vector<double> values;  // in float64
};

// Runs the candidate once on the first operands and a poisoned `output` and compares; a result further off
// than `tolerance`, and than the rounding of what is stored, is its problem.
void check(Candidate& it, const DeviceMatrix& output, const Expected& expected, double tolerance,
           cudaStream_t stream);
