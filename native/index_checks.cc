// Index checks: see index_checks.h.
#include "index_checks.h"

#include <cinttypes>

#include "spmm/spmm_plan.h"

namespace gnnsched {

namespace {

// More distinct (graph, shape) pairs than this are checked anew now and then: a bound, not a tuning.
constexpr size_t kMaxVerdicts = 65536;

Verdict ascending(const char* place, const int32_t* offsets, int64_t count, int64_t last,
                  bool exact) {
  int32_t before = 0;
  for (int64_t i = 0; i <= count; i++) {
    if (offsets[i] < before || offsets[i] > last) {
      return refuse(place, "offset %" PRId64 " is %d; it must lie in [%d, %" PRId64 "]", i, offsets[i],
                    before, last);
    }
    before = offsets[i];
  }
  if (exact && (offsets[0] != 0 || offsets[count] != last)) {
    return refuse(place, "offsets run from %d to %d, not from 0 to %" PRId64, offsets[0],
                  offsets[count], last);
  }
  return std::nullopt;
}

Verdict within(const char* place, const int32_t* indices, int64_t count, int64_t limit) {
  // no early exit in the common case, so that it vectorises
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; i++) {
    const auto value = static_cast<uint32_t>(indices[i]);
    largest = value > largest ? value : largest;
  }
  if (count == 0 || static_cast<int64_t>(largest) < limit) return std::nullopt;
  int64_t at = 0;
  while (indices[at] >= 0 && indices[at] < limit) at++;
  return refuse(place, "index %" PRId64 " is %d; it must lie in [0, %" PRId64 ")", at, indices[at],
                limit);
}

// Walks rows in order, taking the next bundle or heavy row that begins there.
Verdict covers(const int32_t* work, const int32_t* offsets, int64_t rows, int64_t nnz) {
  const gpu::RowWorkBounds bounds = gpu::row_work_bounds(rows, nnz);
  const int64_t bundles = work[0], segments = work[1], heavies = work[2];
  if (bundles < 0 || bundles > bounds.bundles || segments < 0 || segments > bounds.segments ||
      heavies < 0 || heavies > bounds.heavy) {
    return refuse("memory.rowWork", "%d bundles, %d segments, %d heavy rows are too many", work[0],
                  work[1], work[2]);
  }
  const int32_t* segment = work + bounds.segments_at();
  const int32_t* heavy = work + bounds.heavy_at();
  const int32_t* bundle = work + bounds.bundles_at();
  int64_t row = 0, b = 0, h = 0, s = 0;
  while (row < rows) {
    if (b < bundles && bundle[2 * b] == row && bundle[2 * b + 1] > row &&
        bundle[2 * b + 1] <= rows) {
      row = bundle[2 * b++ + 1];
      continue;
    }
    if (h == heavies || heavy[4 * h] != row || heavy[4 * h + 1] != s ||
        heavy[4 * h + 2] > segments - s) {
      break;
    }
    int64_t edge = offsets[row];
    for (const int64_t stop = s + heavy[4 * h + 2]; s < stop; s++) {
      const int32_t* own = segment + 4 * s;
      if (own[0] != row || own[1] != edge || own[2] <= edge || own[2] > offsets[row + 1]) break;
      edge = own[2];
    }
    if (edge != offsets[row + 1]) break;
    h++;
    row++;
  }
  if (row == rows && b == bundles && h == heavies && s == segments) return std::nullopt;
  return refuse("memory.rowWork", "the list goes wrong at row %" PRId64 " of %" PRId64, row, rows);
}

}  // namespace

bool IndexChecks::known(const Key& key, Verdict& verdict) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = verdicts_.find(key);
  if (found == verdicts_.end()) return false;
  verdict = found->second;
  return true;
}

Verdict IndexChecks::remember(const Key& key, Verdict verdict) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (verdicts_.size() >= kMaxVerdicts) verdicts_.clear();
  verdicts_.emplace(key, verdict);
  return verdict;
}

Verdict IndexChecks::csr(IndexRange offsets, IndexRange cols, int64_t rows, int64_t nnz,
                         int64_t columns) {
  const Key key{0, offsets.grant, offsets.offset, cols.grant, cols.offset, rows, nnz, columns};
  Verdict verdict;
  if (known(key, verdict)) return verdict;
  verdict = ascending("rowOffsets", offsets.data, rows, nnz, true);
  if (!verdict) verdict = within("colIndices", cols.data, nnz, columns);
  return remember(key, std::move(verdict));
}

Verdict IndexChecks::segments(IndexRange offsets, int64_t segments, int64_t rows) {
  const Key key{1, offsets.grant, offsets.offset, -1, 0, segments, rows, 0};
  Verdict verdict;
  if (known(key, verdict)) return verdict;
  return remember(key, ascending("graphOffsets", offsets.data, segments, rows, false));
}

Verdict IndexChecks::rows(IndexRange indices, int64_t count, int64_t rows) {
  const Key key{2, indices.grant, indices.offset, -1, 0, count, rows, 0};
  Verdict verdict;
  if (known(key, verdict)) return verdict;
  return remember(key, within("rows", indices.data, count, rows));
}

Verdict IndexChecks::row_work(IndexRange work, int64_t words, IndexRange offsets, int64_t rows,
                              int64_t nnz) {
  const Key key{3, work.grant, work.offset, offsets.grant, offsets.offset, rows, nnz, words};
  Verdict verdict;
  if (known(key, verdict)) return verdict;
  const int64_t wanted = gpu::row_work_bounds(rows, nnz).words();
  if (words != wanted) {
    verdict = refuse("memory.rowWork", "%" PRId64 " words; %" PRId64 " rows with %" PRId64
                     " entries take %" PRId64, words, rows, nnz, wanted);
  } else {
    verdict = covers(work.data, offsets.data, rows, nnz);
  }
  return remember(key, std::move(verdict));
}

void IndexChecks::forget(int64_t grant) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto at = verdicts_.begin(); at != verdicts_.end();) {
    const bool uses = std::get<1>(at->first) == grant || std::get<3>(at->first) == grant;
    at = uses ? verdicts_.erase(at) : std::next(at);
  }
}

}  // namespace gnnsched
