// The device's memory: one mapping taken at open, and the ranges of it that were handed out. It
// checks every grant again by itself and keeps its own counters. Used on the JavaScript thread only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "refusal.h"

namespace gnnsched {

constexpr int64_t kAlign = 64;

struct Grant {
  int64_t id;
  int64_t offset;
  int64_t bytes;
  int64_t uploaded = 0;  // bytes from the start that an upload has filled
  int pins = 0;          // plans that run or wait with it
  int uploads = 0;       // copies under way
};

class Pool {
 public:
  Pool() = default;
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Reserves the address range; pages come with their first use.
  Verdict open(int64_t budget_bytes);

  Verdict grant(int64_t id, int64_t offset, int64_t bytes);
  Verdict revoke(int64_t id);
  Grant* find(int64_t id);
  uint8_t* at(const Grant& grant) const { return base_ + grant.offset; }

  int64_t budget_bytes() const { return budget_bytes_; }
  int64_t used_bytes() const { return used_bytes_; }
  int64_t peak_bytes() const { return peak_bytes_; }
  int64_t grants() const { return static_cast<int64_t>(by_id_.size()); }

 private:
  void* mapping_ = nullptr;
  size_t mapped_bytes_ = 0;
  uint8_t* base_ = nullptr;
  int64_t budget_bytes_ = 0;
  int64_t used_bytes_ = 0;
  int64_t peak_bytes_ = 0;
  std::unordered_map<int64_t, Grant> by_id_;
  std::map<int64_t, int64_t> end_by_offset_;  // of grants that are not empty
};

}  // namespace gnnsched
