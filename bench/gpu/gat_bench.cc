// GAT's aggregation with an online softmax, beside our SpMM over rows of the same width: what attention
// costs over a plain sum. (Libraries' attention is measured by bench/peers/pyg_speed.py --device cuda.)
#include <algorithm>
#include <cmath>

#include "bench_case.h"
#include "gat/gat.h"
#include "row_work.h"
#include "spmm/spmm.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

constexpr uint64_t kSeedX = 31, kSeedSource = 32, kSeedTarget = 33;
constexpr double kSlope = 0.2;

Expected expected(const CsrGraph& graph, int heads, int width) {
  Expected want{sample_rows(graph.nodes, 500), {}};
  const auto score = [heads](uint64_t seed, int64_t node, int head) {
    return double(value_at(Storage::f32, seed, static_cast<uint64_t>(node * heads + head)));
  };
  for (const int64_t r : want.rows) {
    const auto begin = static_cast<size_t>(graph.row_offsets[static_cast<size_t>(r)]);
    const auto end = static_cast<size_t>(graph.row_offsets[static_cast<size_t>(r) + 1]);
    for (int head = 0; head < heads; head++) {
      std::vector<double> sum(static_cast<size_t>(width), 0.0);
      double total = 0;
      for (size_t e = begin; e < end; e++) {
        const int64_t from = graph.col_indices[e];
        const double logit = score(kSeedSource, from, head) + score(kSeedTarget, r, head);
        const double weight = std::exp(logit < 0 ? kSlope * logit : logit);
        total += weight;
        for (int c = 0; c < width; c++) {
          sum[static_cast<size_t>(c)] +=
              weight * double(value_at(Storage::f32, kSeedX,
                                       static_cast<uint64_t>((from * heads + head) * width + c)));
        }
      }
      for (const double v : sum) want.values.push_back(total == 0 ? 0 : v / total);
    }
  }
  return want;
}

}  // namespace

BenchRow gat_bench(const CsrGraph& graph, int heads, int head_width,
                   const BenchSettings& settings) {
  const cudaStream_t stream = settings.stream;
  const int64_t m = graph.nodes, nnz = graph.edges();
  const int n = heads * head_width;
  BenchRow out{"gat", graph.name, std::to_string(heads) + "x" + std::to_string(head_width),
               m, m, n, nnz, {}, 0, 0, {}};
  const double rows = 4.0 * n * double(m), lists = 4.0 * double(nnz + m);
  const double scores = 8.0 * heads * double(m);
  const double compulsory = (2 * rows + lists + scores) / settings.ceilings.copy_bytes_per_second;
  const double gathered = double(nnz) * 4.0 * (n + heads);
  out.bounds = {1e6 * compulsory,
                1e6 * std::max(compulsory, gathered / settings.ceilings.gather_bytes_per_second),
                1e6 * (gathered + rows + lists) / settings.ceilings.copy_bytes_per_second};
  const DeviceArray offsets = on_device(graph.row_offsets, stream);
  const DeviceArray columns = on_device(graph.col_indices, stream);
  const DeviceRowWork lists_on_device(graph, stream);
  out.plan_ms = lists_on_device.build_ms;
  const int64_t bytes = 2 * 4 * m * n;
  const DeviceMatrix source(m, heads, Storage::f32), target(m, heads, Storage::f32);
  source.fill(kSeedSource, stream);
  target.fill(kSeedTarget, stream);
  out.peak_bytes = bytes + source.bytes() + target.bytes() +
                   static_cast<int64_t>(offsets.bytes() + columns.bytes());
  const int sets = cold_sets(bytes, settings);
  std::vector<DeviceMatrix> x, y;
  for (int i = 0; i < std::max(sets, 1); i++) {
    x.emplace_back(m, n, Storage::f32);
    y.emplace_back(m, n, Storage::f32);
    x.back().fill(kSeedX, stream);
  }
  const RowWork& work = lists_on_device.work;
  const DeviceArray scratch(static_cast<size_t>(
      std::max(gat_workspace_bytes(work.segment_count, heads, head_width),
               spmm_workspace_bytes(work.segment_count, n))));

  Candidate attention;
  attention.name = "gnnsched GAT";
  attention.workspace_bytes = static_cast<int64_t>(scratch.bytes()) + lists_on_device.bytes;
  attention.launch = [&](cudaStream_t s, int set) {
    GatArgs args{};
    args.m = m;
    args.nnz = nnz;
    args.heads = heads;
    args.head_width = head_width;
    args.concat = true;
    args.negative_slope = static_cast<float>(kSlope);
    args.row_offsets = offsets.as<int32_t>();
    args.col_indices = columns.as<int32_t>();
    args.x = x[static_cast<size_t>(set)].floats();
    args.y = y[static_cast<size_t>(set)].floats();
    args.ldx = args.ldy = n;
    args.score_src = source.floats();
    args.score_dst = target.floats();
    args.ld_src = args.ld_dst = heads;
    return launch_gat_csr(args, work, scratch.as<void>(), s);
  };
  Candidate sum;
  sum.name = "gnnsched SpMM";
  sum.launch = [&](cudaStream_t s, int set) {
    SpmmArgs args{};
    args.m = args.k = m;
    args.n = n;
    args.nnz = nnz;
    args.row_offsets = offsets.as<int32_t>();
    args.col_indices = columns.as<int32_t>();
    args.x = x[static_cast<size_t>(set)].floats();
    args.y = y[static_cast<size_t>(set)].floats();
    args.ldx = args.ldy = n;
    return launch_spmm_csr(args, work, scratch.as<void>(), s);
  };
  check(attention, y[0], expected(graph, heads, head_width), 1e-4, stream);
  out.candidates.push_back(std::move(attention));
  out.candidates.push_back(std::move(sum));
  measure(out.candidates, {settings.samples, sets, stream});
  return out;
}
