// The ranges of a device's memory that were handed out. It checks every grant by itself and keeps its
// own counters. Used on the JavaScript thread only.
#pragma once
#include <cstdint>
#include <map>
#include <unordered_map>

#include "refusal.h"

namespace gnnsched {

struct Grant {
  int64_t id;
  int64_t offset;
  int64_t bytes;
  int64_t uploaded = 0;  // bytes from the start that an upload has filled
  const uint8_t* host = nullptr;  // the same bytes where the host can read them, once uploaded
  int pins = 0;          // plans that run or wait with it
  int uploads = 0;       // copies under way
  int64_t ops_done = 0;  // of the plan that ran in it last: a plan may go on from there
};

class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // The memory is the engine's and outlives the pool's use; offsets and sizes are multiples of `align`.
  void open(uint8_t* base, int64_t budget_bytes, int64_t align);

  Verdict grant(int64_t id, int64_t offset, int64_t bytes);
  Verdict revoke(int64_t id);
  Grant* find(int64_t id);
  uint8_t* at(const Grant& grant) const { return base_ + grant.offset; }

  int64_t budget_bytes() const { return budget_bytes_; }
  int64_t align() const { return align_; }
  int64_t used_bytes() const { return used_bytes_; }
  int64_t peak_bytes() const { return peak_bytes_; }
  int64_t grants() const { return static_cast<int64_t>(by_id_.size()); }

 private:
  uint8_t* base_ = nullptr;
  int64_t align_ = 1;
  int64_t budget_bytes_ = 0;
  int64_t used_bytes_ = 0;
  int64_t peak_bytes_ = 0;
  std::unordered_map<int64_t, Grant> by_id_;
  std::map<int64_t, int64_t> end_by_offset_;  // of grants that are not empty
};

}  // namespace gnnsched
