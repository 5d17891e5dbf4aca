// The pool: see pool.h.
#include "pool.h"

#include <cinttypes>

namespace gnnsched {

void Pool::open(uint8_t* base, int64_t budget_bytes, int64_t align) {
  base_ = base;
  align_ = align;
  budget_bytes_ = budget_bytes / align * align;
}

Verdict Pool::grant(int64_t id, int64_t offset, int64_t bytes) {
  if (by_id_.count(id) != 0) return refuse("grant", "id %" PRId64 " is already granted", id);
  if (offset % align_ != 0 || bytes % align_ != 0) {
    return refuse("grant", "[%" PRId64 ", +%" PRId64 ") is not aligned to %" PRId64 " bytes", offset,
                  bytes, align_);
  }
  if (offset < 0 || bytes < 0 || offset > budget_bytes_ || bytes > budget_bytes_ - offset) {
    return refuse("grant", "[%" PRId64 ", +%" PRId64 ") leaves the pool of %" PRId64 " bytes", offset,
                  bytes, budget_bytes_);
  }
  if (bytes > 0) {
    auto next = end_by_offset_.upper_bound(offset);
    if (next != end_by_offset_.end() && next->first < offset + bytes) {
      return refuse("grant", "[%" PRId64 ", +%" PRId64 ") overlaps the grant at %" PRId64, offset,
                    bytes, next->first);
    }
    if (next != end_by_offset_.begin() && std::prev(next)->second > offset) {
      return refuse("grant", "[%" PRId64 ", +%" PRId64 ") overlaps the grant at %" PRId64, offset,
                    bytes, std::prev(next)->first);
    }
    end_by_offset_.emplace(offset, offset + bytes);
  }
  by_id_.emplace(id, Grant{id, offset, bytes});
  used_bytes_ += bytes;
  if (used_bytes_ > peak_bytes_) peak_bytes_ = used_bytes_;
  return std::nullopt;
}

Verdict Pool::revoke(int64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return refuse("revoke", "no grant has the id %" PRId64, id);
  const Grant& grant = found->second;
  if (grant.pins > 0 || grant.uploads > 0) {
    return refuse("revoke", "grant %" PRId64 " is in use by %d plans and %d uploads", id, grant.pins,
                  grant.uploads);
  }
  if (grant.bytes > 0) end_by_offset_.erase(grant.offset);
  used_bytes_ -= grant.bytes;
  by_id_.erase(found);
  return std::nullopt;
}

Grant* Pool::find(int64_t id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

}  // namespace gnnsched
