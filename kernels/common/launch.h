// The one place where a kernel is started, so that nvcc and g++ read the same sources: under nvcc
// it is <<<>>>, under g++ the kernel goes to the emulator that stands in for cuda_runtime.h.
#pragma once
#include <cuda_runtime.h>
#include <stdint.h>

namespace gnnsched::gpu {

#if defined(__CUDACC__)

template <class... Parameters, class... Args>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
                   const Args&... args) {
  kernel<<<grid, block, 0, stream>>>(args...);
  return cudaGetLastError();
}

// One object of shared memory per block.
#define GNNSCHED_SHARED(type, name) __shared__ type name

#else

template <class... Parameters, class... Args>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
                   const Args&... args) {
  return emulator::enqueue({grid, block, [=] { kernel(args...); }}, stream);
}

#define GNNSCHED_SHARED(type, name) \
  static const char name##_site = 0; \
  type& name = *static_cast<type*>(emulator::shared_at(&name##_site, sizeof(type)))

#endif

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Blocks are numbered with 31 bits in x and 16 in y: false if there would be more.
inline bool grid_fits(int64_t x, int64_t y) { return x <= 0x7fffffff && y <= 65535; }

inline bool aligned(const void* address, int64_t bytes) {
  return reinterpret_cast<uintptr_t>(address) % static_cast<uintptr_t>(bytes) == 0;
}

// Rows that can be read by 16 bytes at a time; a matrix that is absent can.
inline bool quads(const float* matrix, int64_t ld) {
  return matrix == nullptr || (aligned(matrix, 16) && ld % 4 == 0);
}

}  // namespace gnnsched::gpu
