// Every access to global memory and every shared access of a main loop goes through these few
// functions. They say how the data is used; the emulator counts sectors and bank conflicts here.
#pragma once
#include "common/launch.h"

namespace gnnsched::gpu {

#if defined(__CUDACC__)

#define GNNSCHED_SITE
#define GNNSCHED_SAME_SITE
#define GNNSCHED_NOTE(kind, address, bytes)

#else

#define GNNSCHED_SITE , const char* file = __builtin_FILE(), int line = __builtin_LINE()
#define GNNSCHED_SAME_SITE , file, line
#define GNNSCHED_NOTE(kind, address, bytes) \
  emulator::note(emulator::Access::kind, address, bytes, file, line)

template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcs(const T* p) {
  return *p;
}
template <class T>
void __stcs(T* p, T v) {
  *p = v;
}

#endif

// Read by many (rows of x, weights, offsets): kept in the caches. Nobody writes it meanwhile.
template <class T>
__device__ __forceinline__ T load_cached(const T* p GNNSCHED_SITE) {
  GNNSCHED_NOTE(load, p, sizeof(T));
  return __ldg(p);
}

// Read once (edges, partial sums): first to leave the caches.
template <class T>
__device__ __forceinline__ T load_once(const T* p GNNSCHED_SITE) {
  GNNSCHED_NOTE(load, p, sizeof(T));
  return __ldcs(p);
}

// May be the place this thread writes afterwards (in-place operators, an addend).
template <class T>
__device__ __forceinline__ T load_own(const T* p GNNSCHED_SITE) {
  GNNSCHED_NOTE(load, p, sizeof(T));
  return *p;
}

// Outputs are read by a later kernel at the earliest: they should not push x out of the L2.
template <class T>
__device__ __forceinline__ void store_once(T* p, T v GNNSCHED_SITE) {
  GNNSCHED_NOTE(store, p, sizeof(T));
  __stcs(p, v);
}

template <class T>
__device__ __forceinline__ T load_shared(const T* p GNNSCHED_SITE) {
  GNNSCHED_NOTE(shared, p, sizeof(T));
  return *p;
}

template <class T>
__device__ __forceinline__ void store_shared(T* p, T v GNNSCHED_SITE) {
  GNNSCHED_NOTE(shared, p, sizeof(T));
  *p = v;
}

// Copies `valid` bytes (0 .. Bytes) to shared memory and fills the rest with zeros, without passing
// through registers; wait_copies makes the thread's own copies visible to itself. sm_80 and later.
template <int Bytes>
__device__ __forceinline__ void copy_async(void* to, const void* from, int valid GNNSCHED_SITE) {
  static_assert(Bytes == 4 || Bytes == 16, "cp.async copies 4, 8 or 16 bytes");
#if defined(__CUDACC__)
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if constexpr (Bytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
                 "r"(valid));
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(address), "l"(from),
                 "r"(valid));
  }
#else
  if (valid > 0) GNNSCHED_NOTE(load, from, static_cast<size_t>(valid));
  emulator::copy_later(to, from, static_cast<size_t>(valid), Bytes);
#endif
}

// Closes the group of copies issued since the last call.
__device__ __forceinline__ void commit_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.commit_group;");
#else
  emulator::commit_copies();
#endif
}

// Waits until at most `Pending` groups of this thread are under way.
template <int Pending>
__device__ __forceinline__ void wait_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
#else
  emulator::wait_copies(Pending);
#endif
}

}  // namespace gnnsched::gpu
