// What each bench of this folder answers: candidates beside the bounds of their shape.
#pragma once
#include <string>
#include <vector>

#include "ceilings.h"
#include "graph_file.h"
#include "timing.h"

struct BenchSettings {
  std::vector<int> widths;
  int samples;
  Ceilings ceilings;
  size_t l2_bytes;
  size_t memory_bytes;  // what one shape may take
  bool tensor_cores;    // sm_80 and later
  cudaStream_t stream;
};

// The bounds of one run on this GPU (the model of docs of kernels/README.md): each input read and each
// output written once; every gathered row read from the L2; every gathered row read from memory.
struct Bounds {
  double compulsory_us = 0, l2_us = 0, no_reuse_us = 0;
};

struct BenchRow {
  std::string kind, graph, type;
  int64_t m = 0, k = 0, n = 0, nnz = 0;
  Bounds bounds;
  double plan_ms = 0;      // work lists, built once per graph on the host
  int64_t peak_bytes = 0;  // operands and output of one set
  std::vector<Candidate> candidates;
};

BenchRow spmm_bench(const CsrGraph& graph, int width, const BenchSettings& settings);
BenchRow gemm_bench(const std::string& name, int64_t m, int64_t k, int64_t n,
                    const BenchSettings& settings);
BenchRow gat_bench(const CsrGraph& graph, int heads, int head_width, const BenchSettings& settings);

// Copies of the operands that take turns, so that none of them is in the L2 when it is its turn.
inline int cold_sets(int64_t bytes, const BenchSettings& settings) {
  const auto wanted = static_cast<int64_t>(3 * settings.l2_bytes) / (bytes < 1 ? 1 : bytes) + 2;
  const auto room = static_cast<int64_t>(settings.memory_bytes) / (bytes < 1 ? 1 : bytes);
  return static_cast<int>(std::min<int64_t>(std::min<int64_t>(wanted, room), 64));
}

// The largest difference from `want` (float64) over all given elements, of the largest value.
inline double relative_error(const std::vector<double>& want, const std::vector<float>& got) {
  double largest = 1e-30, worst = 0;
  for (const double v : want) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < want.size(); i++) {
    const double error = std::abs(want[i] - static_cast<double>(got[i])) / largest;
    if (!(error <= worst)) worst = error;  // NaN stays
  }
  return worst;
}

// Rows that are compared with float64: all of a few, else a stride of them and the first and last.
inline std::vector<int64_t> sample_rows(int64_t m, int64_t most = 2000) {
  std::vector<int64_t> rows;
  const int64_t step = m <= most ? 1 : m / most;
  for (int64_t r = 0; r < m; r += step) rows.push_back(r);
  if (!rows.empty() && rows.back() != m - 1) rows.push_back(m - 1);
  return rows;
}
