// Pages touched before they are needed: see page_toucher.h.
#include "page_toucher.h"

#include <sys/mman.h>

#include <algorithm>
#include <system_error>

namespace gnnsched {

namespace {

constexpr size_t kStep = size_t{2} << 20;  // between two looks at whether to stop: one huge page

// Linux 5.14; a kernel that does not know it says so at the first step.
constexpr int kPopulateWrite = 23;

}  // namespace

void PageToucher::start(uint8_t* base, size_t bytes) {
#if defined(__linux__)
  try {
    thread_ = std::thread([this, base, bytes] {
      for (size_t at = 0; at < bytes && !stopping_.load(std::memory_order_relaxed); at += kStep) {
        if (madvise(base + at, std::min(kStep, bytes - at), kPopulateWrite) != 0) return;
      }
    });
  } catch (const std::system_error&) {
    // no thread: pages come with their first use
  }
#else
  (void)base;
  (void)bytes;
#endif
}

void PageToucher::end() {
  stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gnnsched
