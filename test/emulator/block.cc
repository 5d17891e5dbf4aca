// SIMT execution: see block.h.
#include "block.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "async_copy.h"
#include "fiber.h"
#include "trace.h"

namespace emulator {

thread_local Thread* current = nullptr;
thread_local uint3 block_index;
thread_local dim3 block_size, grid_size;

namespace {

constexpr size_t kStaticSharedBytes = 48 * 1024;  // without asking the driver for more

// Lanes that wait for each other. Two phases of slots: a lane may bring its next value while
// another has not yet read the last one.
struct Meeting {
  uint32_t mask = 0, here = 0;
  unsigned phase = 0;
  WarpOp op = WarpOp::sync;
  LaneSlot slots[2][32];
};

struct SharedObject {
  const void* site;
  std::unique_ptr<char[]> memory;
  size_t bytes;
};

struct Machine {
  std::vector<Stack> stacks;
  std::vector<Thread> threads;
  std::vector<Thread*> ready;  // [head, size): in the order they became ready
  size_t head = 0;
  std::vector<std::vector<Meeting>> meetings;  // per warp, one per mask
  std::vector<SharedObject> shared;
  size_t shared_bytes = 0;
  unsigned at_barrier = 0, ended = 0;
  const Launch* launch = nullptr;
  void* main_pointer = nullptr;
  void* main_fake = nullptr;
  std::string failure;
  uint64_t seed = 0, random = 0;
};

thread_local Machine machine;

uint64_t draw() {
  uint64_t& s = machine.random;
  s ^= s << 13;
  s ^= s >> 7;
  s ^= s << 17;
  return s;
}

void make_ready(Thread* thread) { machine.ready.push_back(thread); }

Thread* next_ready() {
  auto& ready = machine.ready;
  if (machine.head == ready.size()) return nullptr;
  if (machine.seed != 0) {
    std::swap(ready[machine.head], ready[machine.head + draw() % (ready.size() - machine.head)]);
  }
  Thread* next = ready[machine.head++];
  if (machine.head == ready.size() || machine.head == 4096) {
    ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(machine.head));
    machine.head = 0;
  }
  return next;
}

// Leaves the running fiber for the next ready one; for the launch itself when there is none.
void leave(bool for_good) {
  Thread* self = current;
  Thread* next = machine.failure.empty() ? next_ready() : nullptr;
  if (next == self) return;
  void** from = for_good ? nullptr : &self->stack_pointer;
  void** from_fake = for_good ? nullptr : &self->fake_stack;
  current = next;
  if (next == nullptr) {
    switch_to(from, from_fake, machine.main_pointer, nullptr);
  } else {
    switch_to(from, from_fake, next->stack_pointer, &machine.stacks[next->number]);
  }
}

void thread_body() {
  arrived();
  machine.launch->thread();
  current->done = true;
  machine.ended++;
  if (machine.at_barrier > 0) fail("a thread ended while others wait at __syncthreads");
  leave(true);
  std::abort();
}

void poison_shared() {
  for (SharedObject& object : machine.shared) std::memset(object.memory.get(), 0xff, object.bytes);
}

void start_threads(const Launch& launch) {
  const unsigned count = launch.block.x * launch.block.y * launch.block.z;
  while (machine.stacks.size() < count) machine.stacks.push_back(make_stack());
  machine.threads.assign(count, Thread{});
  machine.meetings.resize((count + 31) / 32);
  for (auto& warp : machine.meetings) warp.clear();
  machine.ready.clear();
  machine.head = 0;
  machine.at_barrier = machine.ended = 0;
  for (unsigned i = 0; i < count; i++) {
    Thread& thread = machine.threads[i];
    thread.number = static_cast<int>(i);
    thread.lane = static_cast<int>(i % 32);
    thread.warp = static_cast<int>(i / 32);
    thread.index = {i % launch.block.x, i / launch.block.x % launch.block.y,
                    i / launch.block.x / launch.block.y};
    clean_stack(machine.stacks[i]);
    thread.stack_pointer = prepare(machine.stacks[i], thread_body);
    make_ready(&thread);
  }
}

void run_block(const Launch& launch) {
  forget_copies(launch.block.x * launch.block.y * launch.block.z);
  poison_shared();
  start_threads(launch);
  Thread* first = next_ready();
  current = first;
  switch_to(&machine.main_pointer, &machine.main_fake, first->stack_pointer,
            &machine.stacks[first->number]);
  current = nullptr;
  if (machine.failure.empty() && machine.ended < machine.threads.size()) {
    machine.failure = std::to_string(machine.threads.size() - machine.ended) + " threads wait for "
                      "others that never come (" + std::to_string(machine.at_barrier) +
                      " at __syncthreads)";
  }
  trace_block_end();
}

}  // namespace

void block_barrier() {
  if (machine.ended > 0) fail("__syncthreads after a thread of the block ended");
  if (++machine.at_barrier == machine.threads.size()) {
    machine.at_barrier = 0;
    for (Thread& thread : machine.threads) make_ready(&thread);
  }
  leave(false);
}

const LaneSlot* meet(uint32_t mask, const void* value, size_t bytes, WarpOp op) {
  Thread* self = current;
  if ((mask >> self->lane & 1u) == 0) fail("a lane is not in the mask of its own warp operation");
  auto& warp = machine.meetings[self->warp];
  size_t at = 0;
  while (at < warp.size() && warp[at].mask != mask) at++;
  if (at == warp.size()) {
    warp.reserve(32);  // the slots handed out below must not move; masks of a warp are disjoint
    if (warp.size() == 32) fail("more than 32 different masks in one warp");
    warp.push_back(Meeting{});
    warp[at].mask = mask;
  }
  Meeting& meeting = warp[at];
  if (meeting.here == 0) meeting.op = op;
  if (meeting.op != op) fail("lanes of one mask meet at different warp operations");
  LaneSlot* slots = meeting.slots[meeting.phase & 1u];
  if (bytes > 0) std::memcpy(&slots[self->lane], value, bytes);
  meeting.here |= 1u << self->lane;
  if (meeting.here == mask) {
    meeting.here = 0;
    meeting.phase++;
    for (int lane = 0; lane < 32; lane++) {
      if (mask >> lane & 1u) make_ready(&machine.threads[self->warp * 32 + lane]);
    }
  }
  leave(false);
  return slots;
}

void fail(const char* why) {
  machine.failure = why;
  leave(true);
  std::abort();
}

void* shared_at(const void* site, size_t bytes) {
  for (SharedObject& object : machine.shared) {
    if (object.site == site) return object.memory.get();
  }
  machine.shared_bytes += bytes;
  if (machine.shared_bytes > kStaticSharedBytes) fail("more than 48 KiB of shared memory");
  machine.shared.push_back({site, std::unique_ptr<char[]>(new char[bytes]), bytes});
  std::memset(machine.shared.back().memory.get(), 0xff, bytes);
  return machine.shared.back().memory.get();
}

void set_order(uint64_t seed) { machine.seed = seed; }

std::string run(const Launch& launch) {
  machine.launch = &launch;
  machine.failure.clear();
  machine.shared.clear();
  machine.shared_bytes = 0;
  machine.random = machine.seed * 0x9e3779b97f4a7c15ull + 1;
  block_size = launch.block;
  grid_size = launch.grid;
  const uint64_t blocks = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  std::vector<uint64_t> order(blocks);
  for (uint64_t i = 0; i < blocks; i++) order[i] = i;
  if (machine.seed != 0) {
    for (uint64_t i = blocks; i > 1; i--) std::swap(order[i - 1], order[draw() % i]);
  }
  for (uint64_t number : order) {
    block_index = {static_cast<unsigned>(number % launch.grid.x),
                   static_cast<unsigned>(number / launch.grid.x % launch.grid.y),
                   static_cast<unsigned>(number / launch.grid.x / launch.grid.y)};
    trace_block_start();
    run_block(launch);
    if (!machine.failure.empty()) break;
  }
  return machine.failure;
}

}  // namespace emulator
