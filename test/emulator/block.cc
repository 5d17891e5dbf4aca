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

constinit thread_local Thread* current = nullptr;
constinit thread_local uint3 block_index = {};
constinit thread_local dim3 block_size, grid_size;

namespace {

constexpr size_t kStaticSharedBytes = 48 * 1024;  // without asking the driver for more
constexpr unsigned kMaxThreads = 1024;

// Lanes that wait for each other. Two phases of slots: a lane may bring its next value while
// another has not yet read the last one.
struct Meeting {
  uint32_t mask, here;
  unsigned phase;
  WarpOp op;
  uint64_t slots[2][32];
};

// The meetings of one warp, one per mask: they do not move, for lanes read their slots later.
struct Warp {
  unsigned count = 0;
  std::unique_ptr<Meeting[]> meetings{new Meeting[32]};
};

struct SharedObject {
  const void* site;
  std::unique_ptr<char[]> memory;
  size_t bytes;
};

// Threads in the order they became ready. Each is in it at most once, so it never runs over.
struct ReadyRing {
  Thread* threads[kMaxThreads];
  unsigned head = 0, size = 0;
  Thread*& at(unsigned i) { return threads[(head + i) % kMaxThreads]; }
};

struct Machine {
  std::vector<Stack> stacks;
  std::vector<Thread> threads;
  ReadyRing ready;
  std::vector<Warp> warps;
  std::vector<SharedObject> shared;
  size_t shared_bytes = 0;
  unsigned at_barrier = 0, ended = 0;
  const Launch* launch = nullptr;
  void* main_pointer = nullptr;
  void* main_fake = nullptr;
  std::string failure;
  bool clean_stacks = true;  // nobody was abandoned on one
  uint64_t random = 0;

  Machine() = default;
  Machine(const Machine&) = delete;
  ~Machine() {
    for (const Stack& stack : stacks) free_stack(stack);
  }
};

// Of the thread that runs a launch. What happens at each step reads a plain pointer to it: whether an
// object with a constructor exists must be asked at each use.
GNNSCHED_NEAR_TLS constinit thread_local Machine* machine = nullptr;
GNNSCHED_NEAR_TLS constinit thread_local uint64_t order_seed = 0;

// Below `limit`.
uint64_t draw(uint64_t limit) {
  uint64_t& s = machine->random;
  s ^= s << 13;
  s ^= s >> 7;
  s ^= s << 17;
  return (s >> 32) * limit >> 32;
}

void make_ready(Thread* thread) {
  ReadyRing& ready = machine->ready;
  ready.at(ready.size++) = thread;
}

Thread* next_ready() {
  ReadyRing& ready = machine->ready;
  if (ready.size == 0) return nullptr;
  if (order_seed != 0) {
    std::swap(ready.at(0), ready.at(static_cast<unsigned>(draw(ready.size))));
  }
  Thread* next = ready.at(0);
  ready.head = (ready.head + 1) % kMaxThreads;
  ready.size--;
  return next;
}

// Leaves the running fiber for the next one; for the launch itself when there is none.
void leave_for(Thread* next, bool for_good) {
  Thread* self = current;
  if (next == self) return;
  void** from = for_good ? nullptr : &self->stack_pointer;
  void** from_fake = for_good ? nullptr : &self->fake_stack;
  current = next;
  if (next == nullptr) {
    switch_to(from, from_fake, machine->main_pointer, nullptr);
  } else {
    switch_to(from, from_fake, next->stack_pointer, &machine->stacks[next->number]);
  }
}

void thread_body() {
  arrived();
  machine->launch->thread();
  machine->ended++;
  if (machine->at_barrier > 0) fail("a thread ended while others wait at __syncthreads");
  leave_for(next_ready(), true);
  std::abort();
}

void poison_shared() {
  for (SharedObject& object : machine->shared) std::memset(object.memory.get(), 0xff, object.bytes);
}

// What its blocks have in common.
void begin_launch(const Launch& launch) {
  Machine& m = *machine;
  const unsigned count = launch.block.x * launch.block.y * launch.block.z;
  m.launch = &launch;
  m.failure.clear();
  m.shared.clear();
  m.shared_bytes = 0;
  m.random = order_seed * 0x9e3779b97f4a7c15ull + 1;
  while (m.stacks.size() < count) m.stacks.push_back(make_stack());
  if (m.warps.size() < (count + 31) / 32) m.warps.resize((count + 31) / 32);
  m.threads.assign(count, Thread{});
  for (unsigned i = 0; i < count; i++) {
    Thread& thread = m.threads[i];
    thread.number = static_cast<int>(i);
    thread.lane = static_cast<int>(i % 32);
    thread.warp = static_cast<int>(i / 32);
    thread.index = {i % launch.block.x, i / launch.block.x % launch.block.y,
                    i / launch.block.x / launch.block.y};
  }
  block_size = launch.block;
  grid_size = launch.grid;
}

void start_threads() {
  Machine& m = *machine;
  for (Warp& warp : m.warps) warp.count = 0;
  m.ready.head = m.ready.size = 0;
  m.at_barrier = m.ended = 0;
  for (Thread& thread : m.threads) {
    const Stack& stack = m.stacks[thread.number];
    clean_stack(stack, m.clean_stacks);
    thread.stack_pointer = prepare(stack, thread_body);
    make_ready(&thread);
  }
  m.clean_stacks = true;
}

void run_block() {
  Machine& m = *machine;
  forget_copies(static_cast<unsigned>(m.threads.size()));
  poison_shared();
  start_threads();
  Thread* first = next_ready();
  current = first;
  switch_to(&m.main_pointer, &m.main_fake, first->stack_pointer, &m.stacks[first->number]);
  current = nullptr;
  if (m.failure.empty() && m.ended < m.threads.size()) {
    m.failure = std::to_string(m.threads.size() - m.ended) + " threads wait for others that never "
                "come (" + std::to_string(m.at_barrier) + " at __syncthreads)";
  }
  m.clean_stacks = m.failure.empty();
  trace_block_end();
}

}  // namespace

void block_barrier() {
  Machine& m = *machine;
  if (m.ended > 0) fail("__syncthreads after a thread of the block ended");
  if (++m.at_barrier == m.threads.size()) {
    m.at_barrier = 0;
    for (Thread& thread : m.threads) make_ready(&thread);
  }
  leave_for(next_ready(), false);
}

const uint64_t* meet(uint32_t mask, uint64_t value, WarpOp op) {
  Thread* self = current;
  if ((mask >> self->lane & 1u) == 0) fail("a lane is not in the mask of its own warp operation");
  Warp& warp = machine->warps[self->warp];
  unsigned at = 0;
  while (at < warp.count && warp.meetings[at].mask != mask) at++;
  if (at == 32) fail("more than 32 different masks in one warp");
  Meeting& meeting = warp.meetings[at];
  if (at == warp.count) {
    warp.count++;
    meeting.mask = mask;
    meeting.here = 0;
    meeting.phase = 0;
  }
  if (meeting.here == 0) meeting.op = op;
  if (meeting.op != op) fail("lanes of one mask meet at different warp operations");
  uint64_t* slots = meeting.slots[meeting.phase & 1u];
  slots[self->lane] = value;
  meeting.here |= 1u << self->lane;
  if (meeting.here == mask) {
    meeting.here = 0;
    meeting.phase++;
    Thread* lanes = self - self->lane;
    for (uint32_t left = mask; left != 0; left &= left - 1) {
      make_ready(lanes + __builtin_ctz(left));
    }
  }
  leave_for(next_ready(), false);
  return slots;
}

void fail(const char* why) {
  machine->failure = why;
  leave_for(nullptr, true);
  std::abort();
}

void* shared_at(const void* site, size_t bytes) {
  Machine& m = *machine;
  for (SharedObject& object : m.shared) {
    if (object.site == site) return object.memory.get();
  }
  m.shared_bytes += bytes;
  if (m.shared_bytes > kStaticSharedBytes) fail("more than 48 KiB of shared memory");
  m.shared.push_back({site, std::unique_ptr<char[]>(new char[bytes]), bytes});
  std::memset(m.shared.back().memory.get(), 0xff, bytes);
  return m.shared.back().memory.get();
}

void set_order(uint64_t seed) { order_seed = seed; }

std::string run(const Launch& launch) {
  static thread_local const auto own = std::make_unique<Machine>();
  machine = own.get();
  begin_launch(launch);
  const uint64_t blocks = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  std::vector<uint64_t> order(blocks);
  for (uint64_t i = 0; i < blocks; i++) order[i] = i;
  if (order_seed != 0) {
    for (uint64_t i = blocks; i > 1; i--) std::swap(order[i - 1], order[draw(i)]);
  }
  for (uint64_t number : order) {
    block_index = {static_cast<unsigned>(number % launch.grid.x),
                   static_cast<unsigned>(number / launch.grid.x % launch.grid.y),
                   static_cast<unsigned>(number / launch.grid.x / launch.grid.y)};
    trace_block_start();
    run_block();
    if (!machine->failure.empty()) break;
  }
  return machine->failure;
}

}  // namespace emulator
