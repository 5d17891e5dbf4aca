// cp.async: see async_copy.h.
#include "async_copy.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "block.h"

namespace emulator {

namespace {

struct Copy {
  void* to;
  const void* from;
  size_t valid, bytes;
};
// Of one thread, oldest first: how many copies each closed group has, and all copies under way.
struct Copies {
  std::vector<size_t> groups;
  std::vector<Copy> copies;
  size_t open = 0;  // of the copies, those in no group yet
};

thread_local std::vector<Copies> of_thread;

}  // namespace

// The vectors keep their memory.
void forget_copies(unsigned threads) {
  if (of_thread.size() < threads) of_thread.resize(threads);
  for (Copies& own : of_thread) {
    own.groups.clear();
    own.copies.clear();
    own.open = 0;
  }
}

void copy_later(void* to, const void* from, size_t valid, size_t bytes) {
  const bool aligned = reinterpret_cast<uintptr_t>(to) % bytes == 0 &&
                       (valid == 0 || reinterpret_cast<uintptr_t>(from) % bytes == 0);
  if (!aligned) fail("an asynchronous copy is not aligned to its own size");
  Copies& own = of_thread[current->number];
  own.copies.push_back({to, from, valid, bytes});
  own.open++;
}

void commit_copies() {
  Copies& own = of_thread[current->number];
  own.groups.push_back(own.open);
  own.open = 0;
}

void wait_copies(size_t pending_groups) {
  Copies& own = of_thread[current->number];
  if (own.groups.size() <= pending_groups) return;
  const auto last = own.groups.end() - static_cast<std::ptrdiff_t>(pending_groups);
  size_t arriving = 0;
  for (auto group = own.groups.begin(); group != last; group++) arriving += *group;
  for (size_t i = 0; i < arriving; i++) {
    const Copy& copy = own.copies[i];
    std::memset(copy.to, 0, copy.bytes);
    if (copy.valid > 0) std::memcpy(copy.to, copy.from, copy.valid);
  }
  own.groups.erase(own.groups.begin(), last);
  own.copies.erase(own.copies.begin(), own.copies.begin() + static_cast<std::ptrdiff_t>(arriving));
}

}  // namespace emulator
