// One layer of a GCN, y = relu((A x) W + bias) with rows of one width: ours in one kernel, ours as SpMM
// and GEMM, and cuSPARSE's SpMM with cuBLASLt's GEMM and its fused epilogue.
#include <algorithm>
#include <memory>

#include "agg_gemm/agg_gemm.h"
#include "bench_case.h"
#include "gemm/gemm.h"
#include "row_work.h"
#include "spmm/spmm.h"
#include "vendor.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

constexpr uint64_t kSeedX = 41, kSeedWeights = 42, kSeedBias = 43;

double value(uint64_t seed, uint64_t i) { return double(value_at(Storage::f32, seed, i)); }

Expected expected(const CsrGraph& graph, int width) {
  Expected out{sample_rows(graph.nodes, 500), {}};
  const auto n = static_cast<size_t>(width);
  for (const int64_t r : out.rows) {
    const std::vector<double> sum = sum_of_sources(
        graph, r, width, [](uint64_t i) { return value_at(Storage::f32, kSeedX, i); });
    for (size_t c = 0; c < n; c++) {
      double v = value(kSeedBias, c);
      for (size_t i = 0; i < n; i++) v += sum[i] * value(kSeedWeights, i * n + c);
      out.values.push_back(std::max(v, 0.0));
    }
  }
  return out;
}

Bounds bounds_of(const CsrGraph& graph, int width, const Ceilings& ceilings) {
  const double row = 4.0 * width, nodes = double(graph.nodes), edges = double(graph.edges());
  const double rest = nodes * row + 4 * edges + 4 * nodes + row * width;
  const double compulsory = (nodes * row + rest) / ceilings.copy_bytes_per_second;
  return {1e6 * compulsory,
          1e6 * std::max(compulsory, edges * row / ceilings.gather_bytes_per_second),
          1e6 * (edges * row + rest) / ceilings.copy_bytes_per_second};
}

struct Operands {
  std::vector<DeviceMatrix> x, y;
  DeviceMatrix between, weights, bias;  // the aggregated rows, where they are stored
  DeviceArray offsets, columns, ones;
};

Operands make_operands(const CsrGraph& graph, int width, int sets, cudaStream_t stream) {
  const int64_t m = graph.nodes;
  Operands out{{}, {}, {m, width, Storage::f32}, {width, width, Storage::f32},
               {1, width, Storage::f32}, on_device(graph.row_offsets, stream),
               on_device(graph.col_indices, stream),
               on_device(std::vector<float>(graph.col_indices.size(), 1.0f), stream)};
  for (int i = 0; i < std::max(sets, 1); i++) {
    out.x.emplace_back(m, width, Storage::f32);
    out.y.emplace_back(m, width, Storage::f32);
    out.x.back().fill(kSeedX, stream);
  }
  out.weights.fill(kSeedWeights, stream);
  out.bias.fill(kSeedBias, stream);
  return out;
}

SpmmArgs aggregate_of(const Operands& o, const CsrGraph& graph, int width, size_t set) {
  SpmmArgs args{};
  args.m = args.k = graph.nodes;
  args.n = args.ldx = args.ldy = width;
  args.nnz = graph.edges();
  args.row_offsets = o.offsets.as<int32_t>();
  args.col_indices = o.columns.as<int32_t>();
  args.x = o.x[set].floats();
  return args;
}

GemmArgs product_of(const Operands& o, int64_t m, int width, size_t set) {
  GemmArgs args{};
  args.m = m;
  args.k = args.n = args.lda = args.ldb = args.ldc = width;
  args.b = o.weights.floats();
  args.c = o.y[set].floats();
  args.epilogue.bias = o.bias.floats();
  args.epilogue.activation = Activation::relu;
  return args;
}

}  // namespace

BenchRow layer_bench(const CsrGraph& graph, int width, const BenchSettings& settings) {
  const cudaStream_t stream = settings.stream;
  const int64_t m = graph.nodes, bytes = 2 * 4 * m * width;
  BenchRow out{"layer", graph.name, "fp32", m, width, width, graph.edges(), {}, 0, bytes, {}};
  out.bounds = bounds_of(graph, width, settings.ceilings);
  const int sets = cold_sets(bytes, settings);
  const Operands o = make_operands(graph, width, sets, stream);
  const DeviceRowWork lists(graph, stream);
  out.plan_ms = lists.build_ms;
  const RowWork& work = lists.work;
  const DeviceArray scratch(static_cast<size_t>(
      std::max(agg_gemm_workspace_bytes(work.segment_count, width),
               spmm_workspace_bytes(work.segment_count, width))));
  const DeviceArray split(static_cast<size_t>(gemm_workspace_bytes(m, width, width)));
  const int64_t workspace = static_cast<int64_t>(scratch.bytes()) + lists.bytes;

  const auto fused = [&](const char* name, GemmMode mode) {
    Candidate it;
    it.name = name;
    it.workspace_bytes = workspace;
    it.launch = [&, mode](cudaStream_t s, int set) {
      const auto at = static_cast<size_t>(set);
      const AggGemmArgs args{aggregate_of(o, graph, width, at), product_of(o, m, width, at)};
      return launch_agg_gemm(args, mode, work, scratch.as<void>(), s);
    };
    return it;
  };
  const auto unfused = [&](const char* name, GemmMode mode) {
    Candidate it;
    it.name = name;
    it.workspace_bytes = workspace + o.between.bytes() + static_cast<int64_t>(split.bytes());
    it.launch = [&, mode](cudaStream_t s, int set) {
      const auto at = static_cast<size_t>(set);
      SpmmArgs aggregate = aggregate_of(o, graph, width, at);
      aggregate.y = o.between.floats();
      if (cudaError_t bad = launch_spmm_csr(aggregate, work, scratch.as<void>(), s)) return bad;
      GemmArgs product = product_of(o, m, width, at);
      product.a = o.between.floats();
      return launch_gemm_f32(product, mode, split.as<void>(), s);
    };
    return it;
  };
  out.candidates.push_back(fused("gnnsched fused FFMA", GemmMode::ffma));
  out.candidates.push_back(unfused("gnnsched SpMM, GEMM FFMA", GemmMode::ffma));
  if (settings.tensor_cores) {
    out.candidates.push_back(fused("gnnsched fused 3xTF32", GemmMode::tf32x3));
    out.candidates.push_back(unfused("gnnsched SpMM, GEMM 3xTF32", GemmMode::tf32x3));
  }

  std::string no_product;
  const std::unique_ptr<vendor::DenseProduct> product = vendor::dense_product(
      {m, width, width, vendor::Number::f32, false, o.bias.data()}, no_product);
  std::vector<std::unique_ptr<vendor::SparseProduct>> sums;
  for (int algorithm = 1; algorithm <= 3; algorithm++) {
    Candidate it;
    it.name = "cuSPARSE ALG" + std::to_string(algorithm) + ", cuBLASLt fp32";
    const vendor::SparseShape shape{m, m, width, graph.edges(), o.offsets.as<int32_t>(),
                                    o.columns.as<int32_t>(), o.ones.as<void>(),
                                    vendor::Number::f32};
    sums.push_back(vendor::sparse_product(shape, algorithm, o.x[0].data(), o.between.data(), stream,
                                          it.problem));
    if (it.problem.empty()) it.problem = no_product;
    if (it.problem.empty()) {
      vendor::SparseProduct* sum = sums.back().get();
      it.workspace_bytes =
          sum->workspace_bytes() + product->workspace_bytes() + o.between.bytes();
      it.launch = [&o, &product, sum](cudaStream_t s, int set) {
        const auto at = static_cast<size_t>(set);
        if (cudaError_t bad = sum->launch(o.x[at].data(), o.between.data(), s)) return bad;
        return product->launch(o.between.data(), o.weights.data(), o.y[at].data(), s);
      };
    }
    out.candidates.push_back(std::move(it));
  }
  const Expected want = expected(graph, width);
  for (Candidate& it : out.candidates) check(it, o.y[0], want, 1e-4, stream);
  measure(out.candidates, {settings.samples, sets, stream});
  return out;
}
