// SIMT execution of one block at a time: every thread is a fiber that runs until a barrier or a
// warp operation. Which thread goes next is drawn from a seed, so that code which is right only in
// one order fails on another.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "cuda_runtime_api.h"
#include "near_tls.h"

namespace emulator {

struct Thread {
  uint3 index;
  int number;  // within the block
  int lane;
  int warp;
  unsigned products;  // matrix instructions so far
  void* stack_pointer;
  void* fake_stack;  // AddressSanitizer's record of this fiber
};

// constinit: who reads them need not ask first whether they are made.
GNNSCHED_NEAR_TLS extern constinit thread_local Thread* current;
GNNSCHED_NEAR_TLS extern constinit thread_local uint3 block_index;
GNNSCHED_NEAR_TLS extern constinit thread_local dim3 block_size, grid_size;

enum class WarpOp { sync, shuffle, ballot, mma };

void block_barrier();

// Waits until all lanes of `mask` are here; then the values all of them brought, by lane.
const uint64_t* meet(uint32_t mask, uint64_t value, WarpOp op);

// Ends the block: the launch fails with this sentence. Fibers are abandoned as they stand, so
// nothing that must be freed may live on their stacks.
[[noreturn]] void fail(const char* why);

// The block's shared memory for one declaration in the source, the same for all of its threads;
// filled with NaN when the block starts.
void* shared_at(const void* site, size_t bytes);

// What decides the order of blocks and threads: 0 is first to last, any other seed random.
void set_order(uint64_t seed);

struct Launch {
  dim3 grid, block;
  std::function<void()> thread;  // the kernel with its arguments
};

// Checks the shape as the CUDA runtime does and puts it into the stream's queue.
cudaError_t enqueue(Launch launch, cudaStream_t stream);

// Runs all blocks; an empty string or why it failed.
std::string run(const Launch& launch);

// Why the last launch failed.
const std::string& last_failure();

}  // namespace emulator
