// The emulator itself: what it must allow, what it must report. Prints one line per check.
#include <cstdio>
#include <string>
#include <vector>

#include "common/launch.h"

using gnnsched::gpu::launch;

namespace {

int failures = 0;

void expect(bool ok, const char* what) {
  std::printf("%s: %s\n", ok ? "ok" : "FAILED", what);
  if (!ok) failures++;
}

struct Sums {
  int of[256];
};

// Every thread adds what its neighbour wrote; right only with the barrier.
__global__ void neighbour_kernel(int* out, bool barrier) {
  GNNSCHED_SHARED(Sums, sums);
  sums.of[threadIdx.x] = static_cast<int>(threadIdx.x);
  if (barrier) __syncthreads();
  out[threadIdx.x] = sums.of[(threadIdx.x + 1) % blockDim.x];
}

__global__ void reverse_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int reversed = __shfl_sync(0xffffffffu, lane, 31 - lane);
  const unsigned odd = __ballot_sync(0xffffffffu, lane % 2 == 1);
  // halves of a warp part ways and shuffle among themselves
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  int folded = lane;
  for (int round = 0; round < (lane < 16 ? 1 : 3); round++) {
    folded = __shfl_xor_sync(half, folded, 1, 16);
  }
  out[threadIdx.x] = odd == 0xaaaaaaaau ? reversed * 100 + folded : -1;
}

__global__ void early_end_kernel() {
  if (threadIdx.x == 7) return;
  __syncthreads();
}

__global__ void deadlock_kernel() {
  if (threadIdx.x < 16) __syncwarp(0xffffffffu);
}

__global__ void absent_lane_kernel(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 20);
}

__global__ void poison_kernel(unsigned* out) {
  GNNSCHED_SHARED(Sums, sums);
  out[threadIdx.x] = static_cast<unsigned>(sums.of[threadIdx.x]);
}

__global__ void count_kernel(int* out) { atomicAdd(out, 1); }

// Every number of a 16-bit format survives, its neighbours round to the nearer one, ties to the even.
void check_half(const char* what, float (*widen)(uint32_t), uint16_t (*narrow)(float),
                uint32_t infinity) {
  bool right = widen(0x8000u) == 0.0f && std::signbit(widen(0x8000u));
  for (uint32_t bits = 0; bits < infinity; bits++) {
    const float low = widen(bits), high = widen(bits + 1);
    right = right && narrow(low) == bits && narrow(-low) == (bits | 0x8000u);
    if (bits + 1 == infinity) break;
    const float middle = low + (high - low) / 2;
    const uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    right = right && high > low && narrow(middle) == even && narrow(-middle) == (even | 0x8000u);
    right = right && narrow(std::nextafter(middle, low)) == bits;
    right = right && narrow(std::nextafter(middle, high)) == bits + 1;
  }
  const float largest = widen(infinity - 1), step = largest - widen(infinity - 2);
  right = right && narrow(largest + step / 2) == infinity;
  right = right && narrow(std::nextafter(largest + step / 2, 0.0f)) == infinity - 1;
  right = right && widen(infinity) == INFINITY && narrow(-INFINITY) == (infinity | 0x8000u);
  right = right && narrow(std::nanf("")) == 0x7fff && std::isnan(widen(0x7fff)) &&
          std::isnan(widen(infinity + 1));
  expect(right, what);
}

struct Run {
  cudaError_t error;
  std::vector<int> out;
};

template <class... P, class... A>
Run run(void (*kernel)(P...), dim3 grid, unsigned threads, const A&... args) {
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaError_t error = launch(kernel, grid, dim3(threads), stream, args...);
  if (error == cudaSuccess) error = cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  cudaGetLastError();
  return {error, {}};
}

}  // namespace

int main() {
  std::vector<int> out(256, -1);
  bool right = true, wrong_seen = false;
  for (uint64_t seed = 0; seed < 20; seed++) {
    emulator::set_order(seed);
    run(neighbour_kernel, 1, 256u, out.data(), true);
    for (int i = 0; i < 256; i++) right = right && out[i] == (i + 1) % 256;
    run(neighbour_kernel, 1, 256u, out.data(), false);
    for (int i = 0; i < 256; i++) wrong_seen = wrong_seen || out[i] != (i + 1) % 256;
  }
  expect(right, "a barrier makes shared memory visible in every order");
  expect(wrong_seen, "without the barrier the poison shows");
  run(reverse_kernel, 1, 64u, out.data());
  bool shuffled = true;
  for (int i = 0; i < 64; i++) {
    shuffled = shuffled && out[i] == (31 - i % 32) * 100 + ((i % 32) ^ 1);
  }
  expect(shuffled, "lanes shuffle and vote, halves of a warp apart from each other");
  expect(run(early_end_kernel, 1, 32u).error == cudaErrorLaunchFailure,
         "a thread that ends before a barrier fails the launch");
  expect(run(deadlock_kernel, 1, 32u).error == cudaErrorLaunchFailure &&
             emulator::last_failure().find("never come") != std::string::npos,
         "lanes that wait for others in vain fail the launch");
  expect(run(absent_lane_kernel, 1, 32u, out.data()).error == cudaErrorLaunchFailure,
         "a shuffle from outside its mask fails the launch");
  run(poison_kernel, 1, 64u, reinterpret_cast<unsigned*>(out.data()));
  expect(out[0] == -1 && out[63] == -1, "shared memory starts poisoned");
  out[0] = 0;
  run(count_kernel, 5, 64u, out.data());
  expect(out[0] == 320, "integers are added atomically");
  expect(run(count_kernel, 0, 64u, out.data()).error == cudaErrorInvalidConfiguration &&
             run(count_kernel, 1, 1025u, out.data()).error == cudaErrorInvalidConfiguration,
         "shapes that CUDA refuses are refused");
  check_half("f16 rounds to nearest, ties to even, and keeps NaN, infinity and denormals",
             emulator::from_f16, emulator::to_f16, 0x7c00);
  check_half("bf16 rounds to nearest, ties to even, and keeps NaN, infinity and denormals",
             emulator::from_bf16, emulator::to_bf16, 0x7f80);
  return failures == 0 ? 0 : 1;
}
