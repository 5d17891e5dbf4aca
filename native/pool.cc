// The pool: see pool.h.
#include "pool.h"

#include <sys/mman.h>

#include <cerrno>
#include <cinttypes>
#include <cstring>

namespace gnnsched {

namespace {
constexpr size_t kHugePage = size_t{2} << 20;
}

Verdict Pool::open(int64_t budget_bytes) {
  budget_bytes_ = budget_bytes / kAlign * kAlign;
  mapped_bytes_ = static_cast<size_t>(budget_bytes_) + kHugePage;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* mapping = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapping == MAP_FAILED) {
    return refuse("pool", "mmap of %zu bytes failed: %s", mapped_bytes_, std::strerror(errno));
  }
  mapping_ = mapping;
  const auto address = reinterpret_cast<uintptr_t>(mapping);
  base_ = reinterpret_cast<uint8_t*>((address + kHugePage - 1) / kHugePage * kHugePage);
#ifdef MADV_HUGEPAGE
  // fewer page faults and TLB misses; a kernel without huge pages says no, and nothing is lost
  (void)madvise(base_, static_cast<size_t>(budget_bytes_), MADV_HUGEPAGE);
#endif
  return std::nullopt;
}

Pool::~Pool() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_bytes_);
}

Verdict Pool::grant(int64_t id, int64_t offset, int64_t bytes) {
  if (by_id_.count(id) != 0) return refuse("grant", "id %" PRId64 " is already granted", id);
  if (offset % kAlign != 0 || bytes % kAlign != 0) {
    return refuse("grant", "[%" PRId64 ", +%" PRId64 ") is not aligned to %" PRId64 " bytes", offset,
                  bytes, kAlign);
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
