// cp.async: the bytes arrive when the thread waits for them and not before, so that a missing wait
// or barrier leaves NaN to be read.
#pragma once
#include <cstddef>

namespace emulator {

void forget_copies(unsigned threads);
void copy_later(void* to, const void* from, size_t valid, size_t bytes);
void commit_copies();
void wait_copies(size_t pending_groups);

}  // namespace emulator
