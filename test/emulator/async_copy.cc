// cp.async: see async_copy.h.
#include "async_copy.h"

#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "block.h"

namespace emulator {

namespace {

struct Copy {
  void* to;
  const void* from;
  size_t valid, bytes;
};
struct Copies {
  std::vector<Copy> open;
  std::deque<std::vector<Copy>> groups;
};

thread_local std::vector<Copies> of_thread;

}  // namespace

void forget_copies(unsigned threads) { of_thread.assign(threads, Copies{}); }

void copy_later(void* to, const void* from, size_t valid, size_t bytes) {
  const bool aligned = reinterpret_cast<uintptr_t>(to) % bytes == 0 &&
                       (valid == 0 || reinterpret_cast<uintptr_t>(from) % bytes == 0);
  if (!aligned) fail("an asynchronous copy is not aligned to its own size");
  of_thread[current->number].open.push_back({to, from, valid, bytes});
}

void commit_copies() {
  Copies& own = of_thread[current->number];
  own.groups.push_back(std::move(own.open));
  own.open.clear();
}

void wait_copies(size_t pending_groups) {
  Copies& own = of_thread[current->number];
  while (own.groups.size() > pending_groups) {
    for (const Copy& copy : own.groups.front()) {
      std::memset(copy.to, 0, copy.bytes);
      if (copy.valid > 0) std::memcpy(copy.to, copy.from, copy.valid);
    }
    own.groups.pop_front();
  }
}

}  // namespace emulator
