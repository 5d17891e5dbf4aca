// SpMM over a graph: y = A x with A's values all one. Ours without a value array and with one, beside
// cuSPARSE's three algorithms, which need one. Rows stored in float32 or in two bytes.
#include <algorithm>
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

Expected expected(const CsrGraph& graph, int width, Storage storage) {
  Expected out{sample_rows(graph.nodes), {}};
  for (const int64_t r : out.rows) {
    const std::vector<double> sum = sum_of_sources(graph, r, width, [&](uint64_t i) {
      return value_at(storage, kSeed, i);
    });
    out.values.insert(out.values.end(), sum.begin(), sum.end());
  }
  return out;
}

// As many ones as A has values, stored as cuSPARSE wants them: like x.
DeviceArray ones(int64_t count, Storage storage, cudaStream_t stream) {
  const auto n = static_cast<size_t>(count);
  if (storage == Storage::f32) return on_device(std::vector<float>(n, 1.0f), stream);
  const uint16_t one = storage == Storage::f16 ? 0x3c00 : 0x3f80;
  return on_device(std::vector<uint16_t>(n, one), stream);
}

Bounds bounds_of(const CsrGraph& graph, int width, Storage storage, const Ceilings& ceilings) {
  const double row = double(element_bytes(storage)) * width;
  const double nodes = double(graph.nodes), edges = double(graph.edges());
  const double lists = 4 * edges + 4 * nodes;
  const double compulsory = (2 * nodes * row + lists) / ceilings.copy_bytes_per_second;
  return {1e6 * compulsory,
          1e6 * std::max(compulsory, edges * row / ceilings.gather_bytes_per_second),
          1e6 * (edges * row + nodes * row + lists) / ceilings.copy_bytes_per_second};
}

}  // namespace

BenchRow spmm_bench(const CsrGraph& graph, int width, Storage storage,
                    const BenchSettings& settings) {
  const cudaStream_t stream = settings.stream;
  const int64_t m = graph.nodes, nnz = graph.edges();
  BenchRow out{"spmm", graph.name, name_of(storage), m, m, width, nnz, {}, 0, 0, {}};
  out.bounds = bounds_of(graph, width, storage, settings.ceilings);
  const DeviceArray offsets = on_device(graph.row_offsets, stream);
  const DeviceArray columns = on_device(graph.col_indices, stream);
  const DeviceArray weights = ones(nnz, Storage::f32, stream);
  const DeviceArray values = ones(nnz, storage, stream);
  const DeviceRowWork lists(graph, stream);
  out.plan_ms = lists.build_ms;
  const int64_t bytes = 2 * m * width * element_bytes(storage);
  out.peak_bytes = bytes + static_cast<int64_t>(offsets.bytes() + columns.bytes());
  const int sets = cold_sets(bytes, settings);
  std::vector<DeviceMatrix> x, y;
  for (int i = 0; i < std::max(sets, 1); i++) {
    x.emplace_back(m, width, storage);
    y.emplace_back(m, width, storage);
    x.back().fill(kSeed, stream);
  }
  const DeviceArray scratch(
      static_cast<size_t>(spmm_workspace_bytes(lists.work.segment_count, width)));
  const auto ours = [&](const char* name, const float* of_edges) {
    Candidate it;
    it.name = name;
    it.workspace_bytes = static_cast<int64_t>(scratch.bytes()) + lists.bytes;
    it.launch = [&, of_edges](cudaStream_t s, int set) {
      SpmmArgs args{};
      args.m = args.k = m;
      args.n = width;
      args.nnz = nnz;
      args.row_offsets = offsets.as<int32_t>();
      args.col_indices = columns.as<int32_t>();
      args.values = of_edges;
      args.x = x[static_cast<size_t>(set)].floats();
      args.y = y[static_cast<size_t>(set)].floats();
      args.ldx = args.ldy = width;
      args.x_storage = args.y_storage = storage;
      return launch_spmm_csr(args, lists.work, scratch.as<void>(), s);
    };
    return it;
  };
  out.candidates.push_back(ours("gnnsched", nullptr));
  out.candidates.push_back(ours("gnnsched weighted", weights.as<float>()));
  std::vector<std::unique_ptr<vendor::SparseProduct>> products;
  for (int algorithm = 1; algorithm <= 3; algorithm++) {
    Candidate it;
    it.name = "cuSPARSE ALG" + std::to_string(algorithm);
    const vendor::SparseShape shape{m, m, width, nnz, offsets.as<int32_t>(), columns.as<int32_t>(),
                                    values.as<void>(), vendor::number_of(storage)};
    products.push_back(vendor::sparse_product(shape, algorithm, x[0].data(), y[0].data(), stream,
                                              it.problem));
    if (vendor::SparseProduct* product = products.back().get()) {
      it.workspace_bytes = product->workspace_bytes();
      it.launch = [&x, &y, product](cudaStream_t s, int set) {
        const auto at = static_cast<size_t>(set);
        return product->launch(x[at].data(), y[at].data(), s);
      };
    }
    out.candidates.push_back(std::move(it));
  }
  const Expected want = expected(graph, width, storage);
  for (Candidate& it : out.candidates) check(it, y[0], want, 1e-4, stream);
  measure(out.candidates, {settings.samples, sets, stream});
  return out;
}
