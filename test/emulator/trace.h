// Counts what a kernel moves. Accesses of a warp's lanes at one place in the source, each lane's
// k-th time there, are one access of the warp, whatever order the fibers ran in: the lockstep of a
// real warp. Global memory counts in sectors of 32 bytes, shared memory in bank conflicts.
#pragma once
#include <cstddef>
#include <cstdint>

#include "near_tls.h"

namespace emulator {

enum class Access : uint8_t { load, store, shared };

struct Counters {
  int64_t requested_sectors = 0;  // between the SMs and the L2: per warp access, no L1
  int64_t loaded_sectors = 0;     // of those, what a small L2 had to fetch
  int64_t stored_sectors = 0;     // a sector written in two accesses counts twice
  int64_t shared_accesses = 0;
  int64_t bank_conflicts = 0;  // passes beyond the first
};

GNNSCHED_NEAR_TLS extern constinit thread_local bool tracing;

// Starts counting from zero with an empty L2 of this size; 0 stops.
void start_trace(size_t l2_bytes);
Counters stop_trace();

void trace_block_start();
void trace_block_end();
// A lane that has nothing to access says so with 0 bytes, which keeps its count of turns.
void record(Access kind, const void* address, size_t bytes, const char* file, int line);

inline void note(Access kind, const void* address, size_t bytes, const char* file, int line) {
  if (tracing) record(kind, address, bytes, file, line);
}

}  // namespace emulator
