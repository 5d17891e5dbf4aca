// SpMM over a graph: y = A x with A's values all one. Ours without a value array and with one, beside
// cuSPARSE's three algorithms, which need one.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "bench_case.h"
#include "row_work.h"
#include "spmm/spmm.h"
#include "vendor.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

constexpr uint64_t kSeed = 11;

std::vector<double> expected(const CsrGraph& graph, int width, const std::vector<int64_t>& rows) {
  std::vector<double> want;
  for (const int64_t r : rows) {
    std::vector<double> sum(static_cast<size_t>(width), 0.0);
    for (int32_t e = graph.row_offsets[static_cast<size_t>(r)];
         e < graph.row_offsets[static_cast<size_t>(r) + 1]; e++) {
      const auto from = static_cast<uint64_t>(graph.col_indices[static_cast<size_t>(e)]) *
                        static_cast<uint64_t>(width);
      for (size_t c = 0; c < sum.size(); c++) {
        sum[c] += static_cast<double>(value_at(kSeed, from + c));
      }
    }
    want.insert(want.end(), sum.begin(), sum.end());
  }
  return want;
}

struct Operands {
  std::vector<DeviceArray> x, y;
};

// Runs it once on poisoned memory and compares.
void check(Candidate& it, const Operands& operands, const std::vector<int64_t>& rows, int width,
           const std::vector<double>& want, cudaStream_t stream) {
  if (!it.problem.empty()) return;
  operands.y[0].poison(stream);
  cudaError_t bad = it.launch(stream, 0);
  if (bad == cudaSuccess) bad = cudaStreamSynchronize(stream);
  if (bad != cudaSuccess) {
    (void)cudaGetLastError();
    it.problem = cudaGetErrorString(bad);
    return;
  }
  std::vector<float> all(operands.y[0].bytes() / 4), got;
  operands.y[0].read(all.data(), operands.y[0].bytes(), stream);
  for (const int64_t r : rows) {
    got.insert(got.end(), all.begin() + r * width, all.begin() + (r + 1) * width);
  }
  it.error = relative_error(want, got);
  if (!(it.error < 1e-4)) it.problem = "wrong: error " + std::to_string(it.error);
}

Bounds bounds_of(const CsrGraph& graph, int width, const Ceilings& ceilings) {
  const double row = 4.0 * width, nodes = double(graph.nodes), edges = double(graph.edges());
  const double lists = 4 * edges + 4 * nodes;
  const double compulsory = (2 * nodes * row + lists) / ceilings.copy_bytes_per_second;
  return {1e6 * compulsory,
          1e6 * std::max(compulsory, edges * row / ceilings.gather_bytes_per_second),
          1e6 * (edges * row + nodes * row + lists) / ceilings.copy_bytes_per_second};
}

}  // namespace

BenchRow spmm_bench(const CsrGraph& graph, int width, const BenchSettings& settings) {
  const cudaStream_t stream = settings.stream;
  const int64_t m = graph.nodes, nnz = graph.edges();
  BenchRow out{"spmm", graph.name, "fp32", m, m, width, nnz, {}, 0, 0, {}};
  out.bounds = bounds_of(graph, width, settings.ceilings);
  const DeviceArray offsets = on_device(graph.row_offsets, stream);
  const DeviceArray columns = on_device(graph.col_indices, stream);
  const DeviceArray values = on_device(std::vector<float>(static_cast<size_t>(nnz), 1.0f), stream);
  const DeviceRowWork lists(graph, stream);
  out.plan_ms = lists.build_ms;
  const auto bytes = static_cast<size_t>(m * width * 4);
  out.peak_bytes = static_cast<int64_t>(2 * bytes + offsets.bytes() + columns.bytes());
  const int sets = cold_sets(static_cast<int64_t>(2 * bytes), settings);
  Operands operands;
  for (int i = 0; i < std::max(sets, 1); i++) {
    operands.x.emplace_back(bytes);
    operands.y.emplace_back(bytes);
    must(launch_fill(operands.x.back().as<float>(), m * width, kSeed, stream), "fill");
  }
  const DeviceArray scratch(
      static_cast<size_t>(spmm_workspace_bytes(lists.work.segment_count, width)));
  const auto ours = [&](const char* name, const float* weights) {
    Candidate it;
    it.name = name;
    it.workspace_bytes = static_cast<int64_t>(scratch.bytes()) + lists.bytes;
    it.launch = [&, weights](cudaStream_t s, int set) {
      SpmmArgs args{};
      args.m = args.k = m;
      args.n = width;
      args.nnz = nnz;
      args.row_offsets = offsets.as<int32_t>();
      args.col_indices = columns.as<int32_t>();
      args.values = weights;
      args.x = operands.x[static_cast<size_t>(set)].as<float>();
      args.y = operands.y[static_cast<size_t>(set)].as<float>();
      args.ldx = args.ldy = width;
      return launch_spmm_csr(args, lists.work, scratch.as<void>(), s);
    };
    return it;
  };
  out.candidates.push_back(ours("gnnsched", nullptr));
  out.candidates.push_back(ours("gnnsched weighted", values.as<float>()));
  std::vector<std::unique_ptr<vendor::SparseProduct>> products;
  for (int algorithm = 1; algorithm <= 3; algorithm++) {
    Candidate it;
    it.name = "cuSPARSE ALG" + std::to_string(algorithm);
    const vendor::SparseShape shape{m, m, width, nnz, offsets.as<int32_t>(), columns.as<int32_t>(),
                                    values.as<void>(), vendor::Number::f32};
    products.push_back(vendor::sparse_product(shape, algorithm, operands.x[0].as<void>(),
                                              operands.y[0].as<void>(), stream, it.problem));
    if (vendor::SparseProduct* product = products.back().get()) {
      it.workspace_bytes = product->workspace_bytes();
      it.launch = [&operands, product](cudaStream_t s, int set) {
        const auto at = static_cast<size_t>(set);
        return product->launch(operands.x[at].as<void>(), operands.y[at].as<void>(), s);
      };
    }
    out.candidates.push_back(std::move(it));
  }
  const std::vector<int64_t> rows = sample_rows(m);
  const std::vector<double> want = expected(graph, width, rows);
  for (Candidate& it : out.candidates) check(it, operands, rows, width, want, stream);
  measure(out.candidates, {settings.samples, sets, stream});
  return out;
}
