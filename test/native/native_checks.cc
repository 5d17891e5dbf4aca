// The kernels, the plan checks and the executor without Node, for the sanitizers: every operand ends
// exactly at the end of its heap block, so a read or write one float beyond it stops the program.
// Build: cmake -S . -B build/checks -DGNNSCHED_CHECKS=ON && cmake --build build/checks
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "cpu/kernels.h"
#include "machine.h"
#include "plan.h"
#include "pool.h"

using namespace gnnsched;

namespace {

uint32_t state = 1;
float random_float() {
  state = state * 1664525u + 1013904223u;
  return static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
}
std::vector<float> floats(int64_t count) {
  std::vector<float> out(static_cast<size_t>(count));
  for (float& v : out) v = random_float();
  out.shrink_to_fit();
  return out;
}

void expect(bool ok, const char* isa, const char* what, int64_t n) {
  if (ok) return;
  std::fprintf(stderr, "%s: %s is wrong at width %lld\n", isa, what, static_cast<long long>(n));
  std::exit(1);
}

bool near(const std::vector<float>& found, const std::vector<double>& expected) {
  for (size_t i = 0; i < found.size(); i++) {
    if (!(std::fabs(found[i] - expected[i]) <= 1e-4 * (1 + std::fabs(expected[i])))) return false;
  }
  return true;
}

// A ring with a hub: row 0 has all columns three times, row r has r - 1, r, r + 1, row 3 none.
struct Graph {
  std::vector<int32_t> offsets{0}, cols;
  explicit Graph(int32_t m) {
    for (int32_t r = 0; r < m; r++) {
      for (int32_t c = 0; r == 0 && c < 3 * m; c++) cols.push_back(c % m);
      for (int32_t d = 0; r != 0 && r != 3 && d < 3; d++) cols.push_back((r + m - 1 + d) % m);
      offsets.push_back(static_cast<int32_t>(cols.size()));
    }
    cols.shrink_to_fit();
  }
};

void check_gemm(const KernelTable& kernels, int64_t m, int64_t k, int64_t n) {
  const auto a = floats(m * k), b = floats(k * n), bias = floats(n);
  std::vector<float> c(static_cast<size_t>(m * n));
  std::vector<double> expected(c.size());
  for (int64_t r = 0; r < m; r++) {
    for (int64_t j = 0; j < n; j++) {
      double v = bias[j];
      for (int64_t p = 0; p < k; p++) v += double(a[r * k + p]) * b[p * n + j];
      expected[r * n + j] = v;
    }
  }
  Epilogue epilogue{};
  epilogue.bias = bias.data();
  kernels.gemm({m, k, n, a.data(), k, b.data(), n, c.data(), n, epilogue});
  expect(near(c, expected), kernels.isa, "gemm", n);
}

void check_graph_ops(const KernelTable& kernels, int64_t n) {
  const int64_t m = 70;
  const Graph graph(m);
  const auto nnz = static_cast<int64_t>(graph.cols.size());
  const auto x = floats(m * n), values = floats(nnz), scale = floats(m), addend = floats(m * n);
  std::vector<float> y(static_cast<size_t>(m * n));
  std::vector<double> expected(y.size());
  for (int64_t r = 0; r < m; r++) {
    for (int64_t c = 0; c < n; c++) {
      double v = addend[r * n + c];
      for (int64_t e = graph.offsets[r]; e < graph.offsets[r + 1]; e++) {
        const int32_t col = graph.cols[e];
        if (col != r) v += double(values[e]) * scale[col] * x[col * n + c];
      }
      expected[r * n + c] = v + 2.0 * scale[r] * x[r * n + c];
    }
  }
  Epilogue epilogue{};
  epilogue.addend = addend.data();
  epilogue.ld_addend = n;
  SpmmArgs args{m, m, n, nnz, Reduce::sum, true, 2.0f, graph.offsets.data(), graph.cols.data(),
                values.data(), scale.data(), nullptr, x.data(), n, y.data(), n, epilogue};
  kernels.spmm(args);
  expect(near(y, expected), kernels.isa, "spmm", n);
  args.reduce = Reduce::max;
  args.values = args.col_scale = nullptr;
  args.self_coefficient = 0;
  kernels.spmm(args);
  for (const int64_t heads : {int64_t{1}, n}) {
    const auto src = floats(m * heads), dst = floats(m * heads);
    const bool concat = heads == 1;
    if (heads > kMaxHeads) continue;
    kernels.gat({m, nnz, heads, n / heads, concat, true, 0.2f, graph.offsets.data(),
                 graph.cols.data(), x.data(), n, src.data(), heads, dst.data(), heads, nullptr,
                 y.data(), concat ? n : n / heads, Epilogue{}});
    const int64_t cols = n / heads * heads;
    const auto att = floats(cols), target = floats(m * cols);
    kernels.gat({m, nnz, heads, n / heads, concat, true, 0.2f, graph.offsets.data(),
                 graph.cols.data(), x.data(), n, nullptr, 0, target.data(), cols, att.data(),
                 y.data(), concat ? n : n / heads, Epilogue{}});
  }
  const std::vector<int32_t> segments{0, 0, 5, 70};
  std::vector<float> pooled(static_cast<size_t>(3 * n));
  for (const Reduce reduce : {Reduce::sum, Reduce::mean, Reduce::max}) {
    kernels.readout({3, n, reduce, segments.data(), x.data(), n, pooled.data(), n});
  }
  const std::vector<int32_t> rows{69, 0, 3};
  kernels.gather({3, n, rows.data(), x.data(), n, pooled.data(), n});
  for (int activation = 0; activation < words::kActivations; activation++) {
    Epilogue every{};
    every.bias = every.scale = every.shift = x.data();
    every.row_scale = scale.data();
    every.activation = static_cast<Activation>(activation);
    kernels.rowwise({m, n, true, x.data(), n, y.data(), n, every});
  }
  kernels.log_softmax({m, n, x.data(), n, y.data(), n});
  std::vector<float> dense(static_cast<size_t>(m * m));
  kernels.densify({m, m, graph.offsets.data(), graph.cols.data(), values.data(), dense.data(), m});
}

// Random words never pass the checks with an operand outside its memory, and never crash them. Slot 1
// is host memory: copies read it, nothing writes it.
void check_plans() {
  for (int round = 0; round < 200000; round++) {
    std::vector<double> plan(words::kHeaderWords + words::kOpWords, 0.0);
    plan[words::kHeadMagic] = words::kMagic;
    plan[words::kHeadVersion] = words::kVersion;
    plan[words::kHeadOps] = 1;
    plan[words::kHeadSlots] = 2;
    const double odd[] = {0, 1, 2, 3, 7, 64, 4096, 2147483647.0, 4294967296.0, -1, 0.5, NAN};
    for (size_t i = words::kHeaderWords; i < plan.size(); i++) {
      const auto pick = static_cast<unsigned>(std::fabs(random_float()) * 1000);
      plan[i] = odd[pick % (round % 2 == 0 ? 7 : 12)];
    }
    for (int i = 0; i < words::kOperands; i++) {
      plan[plan.size() - 3 * (i + 1)] = static_cast<int>(std::fabs(random_float()) * 4) - 2;
    }
    NativePlan decoded;
    if (decode_plan(plan.data(), plan.size(), decoded)) continue;
    if (check_extents(decoded, 4096, {{4096}, {64, SlotUse::host_read}})) continue;
    const Extents extents = extents_of(decoded.ops[0]);
    for (int i = 0; i < extents.count; i++) {
      const PlanOperand& operand = decoded.ops[0].operands[extents.list[i].operand];
      const int64_t bytes = touched_bytes(extents.list[i], operand.ld);
      const int64_t room = operand.slot == 1 ? 64 : 4096;
      const bool allowed = decoded.ops[0].kind == words::kCopy && !extents.list[i].written;
      expect(operand.slot != 1 || allowed, "plan", "an accepted use of host memory", i);
      expect(bytes == 0 || operand.offset + bytes <= room, "plan", "an accepted extent", i);
    }
  }
}

}  // namespace

int main() {
  for (const KernelTable* kernels : available_kernels()) {
    for (const int64_t n : {1, 3, 4, 7, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 257}) {
      check_gemm(*kernels, 13, 9, n);
      check_gemm(*kernels, 97, 130, n);
      check_graph_ops(*kernels, n);
    }
    std::printf("%s: kernels stay within their memory\n", kernels->isa);
  }
  check_plans();
  Pool pool;
  uint8_t first = 0;
  pool.open(&first, 1 << 20, 64);
  expect(!pool.grant(1, 0, 1 << 20) && pool.grant(2, 0, 64).has_value(),
         "pool", "a grant", 0);
  std::printf("plans and pool: as they should\n");
  return 0;
}
