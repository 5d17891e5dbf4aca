// Touches pages before anybody needs them. The kernel clears a page when it is first written: a lane that
// meets a new one waits for that, 0.3 ms for a huge page, a fifth of a run that fills memory for the first time.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace gnnsched {

class PageToucher {
 public:
  PageToucher() = default;
  ~PageToucher() { end(); }
  PageToucher(const PageToucher&) = delete;
  PageToucher& operator=(const PageToucher&) = delete;

  // From the start of the range on, in a thread of its own, beside whoever writes there. Where the system
  // has no thread, or cannot touch a page without changing it, none is touched.
  void start(uint8_t* base, size_t bytes);
  // What is left stays untouched; returns at once.
  void stop() { stopping_.store(true, std::memory_order_relaxed); }
  // Touches nothing any more when it returns.
  void end();

 private:
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace gnnsched
