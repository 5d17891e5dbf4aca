// Whether the indices stored in resident memory stay within their matrices. A verdict costs a pass
// over the indices, so it is remembered until one of the grants is revoked or filled again. Lanes
// ask, the JavaScript thread makes it forget: guarded by a mutex.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>

#include "refusal.h"

namespace gnnsched {

// Where a run of int32 lies: which grant, and from which byte of it.
struct IndexRange {
  int64_t grant;
  int64_t offset;
  const int32_t* data;
};

class IndexChecks {
 public:
  // offsets[rows + 1] ascend from 0 to nnz and cols[nnz] lie in [0, columns).
  Verdict csr(IndexRange offsets, IndexRange cols, int64_t rows, int64_t nnz, int64_t columns);
  // offsets[segments + 1] ascend within [0, rows].
  Verdict segments(IndexRange offsets, int64_t segments, int64_t rows);
  // indices[count] lie in [0, rows).
  Verdict rows(IndexRange indices, int64_t count, int64_t rows);
  // The work list of a CSR matrix whose offsets have been checked: every row once, in a bundle or as
  // a heavy row with all of its edges in segments, in as many words as the plan says.
  Verdict row_work(IndexRange work, int64_t words, IndexRange offsets, int64_t rows, int64_t nnz);
  void forget(int64_t grant);

 private:
  using Key = std::tuple<int, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;
  bool known(const Key& key, Verdict& verdict);
  Verdict remember(const Key& key, Verdict verdict);

  std::mutex mutex_;
  std::map<Key, Verdict> verdicts_;
};

}  // namespace gnnsched
