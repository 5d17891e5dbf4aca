// What each bench of this folder answers: candidates beside the bounds of their shape.
#pragma once
#include <string>
#include <vector>

#include "ceilings.h"
#include "graph_file.h"
#include "operands.h"
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

// Rows of x and y stored so.
BenchRow spmm_bench(const CsrGraph& graph, int width, gnnsched::Storage storage,
                    const BenchSettings& settings);
// a and c stored so.
BenchRow gemm_bench(const std::string& name, int64_t m, int64_t k, int64_t n,
                    gnnsched::Storage storage, const BenchSettings& settings);
// Aggregation, product, bias and ReLU of rows of one width.
BenchRow layer_bench(const CsrGraph& graph, int width, const BenchSettings& settings);
BenchRow gat_bench(const CsrGraph& graph, int heads, int head_width, const BenchSettings& settings);

// Copies of the operands that take turns, so that none of them is in the L2 when it is its turn.
inline int cold_sets(int64_t bytes, const BenchSettings& settings) {
  const auto wanted = static_cast<int64_t>(3 * settings.l2_bytes) / (bytes < 1 ? 1 : bytes) + 2;
  const auto room = static_cast<int64_t>(settings.memory_bytes) / (bytes < 1 ? 1 : bytes);
  return static_cast<int>(std::min<int64_t>(std::min<int64_t>(wanted, room), 64));
}

// The sum in float64 of the rows of x that row r's edges come from; element(i) is x's i-th.
template <class Element>
std::vector<double> sum_of_sources(const CsrGraph& graph, int64_t r, int width, Element element) {
  std::vector<double> sum(static_cast<size_t>(width), 0.0);
  const auto row = static_cast<size_t>(r);
  for (int32_t e = graph.row_offsets[row]; e < graph.row_offsets[row + 1]; e++) {
    const auto from = static_cast<uint64_t>(graph.col_indices[static_cast<size_t>(e)]) *
                      static_cast<uint64_t>(width);
    for (size_t c = 0; c < sum.size(); c++) sum[c] += static_cast<double>(element(from + c));
  }
  return sum;
}

// Rows that are compared with float64: all of a few, else a stride of them and the first and last.
inline std::vector<int64_t> sample_rows(int64_t m, int64_t most = 2000) {
  std::vector<int64_t> rows;
  const int64_t step = m <= most ? 1 : m / most;
  for (int64_t r = 0; r < m; r += step) rows.push_back(r);
  if (!rows.empty() && rows.back() != m - 1) rows.push_back(m - 1);
  return rows;
}
