// The product of a graph's features with the first weights, c = relu(a b + bias): ours in each mode,
// beside cuBLASLt in float32 and in TF32, with and without its fused epilogue.
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench_case.h"
#include "gemm/gemm.h"
#include "vendor.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

constexpr uint64_t kSeedA = 21, kSeedB = 22, kSeedBias = 23;

struct Shape {
  int64_t m, k, n;
  int64_t bytes() const { return 4 * (m * k + k * n + m * n); }
};

std::vector<double> expected(const Shape& s, const std::vector<int64_t>& rows, bool epilogue) {
  std::vector<double> want;
  for (const int64_t r : rows) {
    for (int64_t c = 0; c < s.n; c++) {
      double sum = epilogue ? double(value_at(kSeedBias, static_cast<uint64_t>(c))) : 0.0;
      for (int64_t i = 0; i < s.k; i++) {
        sum += double(value_at(kSeedA, static_cast<uint64_t>(r * s.k + i))) *
               double(value_at(kSeedB, static_cast<uint64_t>(i * s.n + c)));
      }
      want.push_back(epilogue ? std::max(sum, 0.0) : sum);
    }
  }
  return want;
}

struct Operands {
  std::vector<DeviceArray> a, c;
  DeviceArray b, bias;
};

// Of what is stored and multiplied in 10 bits of mantissa the error is some 1e-3.
double tolerance_of(const Candidate& it) {
  return it.name.find("TF32") == std::string::npos ? 1e-5 : 1e-2;
}

void check(Candidate& it, const Operands& o, const Shape& s, const std::vector<int64_t>& rows,
           const std::vector<double>& want, cudaStream_t stream) {
  if (!it.problem.empty()) return;
  o.c[0].poison(stream);
  cudaError_t bad = it.launch(stream, 0);
  if (bad == cudaSuccess) bad = cudaStreamSynchronize(stream);
  if (bad != cudaSuccess) {
    (void)cudaGetLastError();
    it.problem = cudaGetErrorString(bad);
    return;
  }
  std::vector<float> all(o.c[0].bytes() / 4), got;
  o.c[0].read(all.data(), o.c[0].bytes(), stream);
  for (const int64_t r : rows) got.insert(got.end(), &all[r * s.n], &all[r * s.n] + s.n);
  it.error = relative_error(want, got);
  if (!(it.error < tolerance_of(it))) it.problem = "wrong: error " + std::to_string(it.error);
}

}  // namespace

BenchRow gemm_bench(const std::string& name, int64_t m, int64_t k, int64_t n,
                    const BenchSettings& settings) {
  const cudaStream_t stream = settings.stream;
  const Shape shape{m, k, n};
  BenchRow out{"gemm", name, "fp32", m, k, n, 0, {}, 0, shape.bytes(), {}};
  const double compulsory_us =
      1e6 * double(shape.bytes()) / settings.ceilings.copy_bytes_per_second;
  out.bounds = {compulsory_us, compulsory_us, compulsory_us};
  const int sets = cold_sets(4 * (m * k + m * n), settings);
  Operands o;
  for (int i = 0; i < std::max(sets, 1); i++) {
    o.a.emplace_back(static_cast<size_t>(4 * m * k));
    o.c.emplace_back(static_cast<size_t>(4 * m * n));
    must(launch_fill(o.a.back().as<float>(), m * k, kSeedA, stream), "fill");
  }
  o.b = DeviceArray(static_cast<size_t>(4 * k * n));
  o.bias = DeviceArray(static_cast<size_t>(4 * n));
  must(launch_fill(o.b.as<float>(), k * n, kSeedB, stream), "fill");
  must(launch_fill(o.bias.as<float>(), n, kSeedBias, stream), "fill");
  const DeviceArray scratch(static_cast<size_t>(gemm_workspace_bytes(m, k, n)));

  const auto ours = [&](const char* label, GemmMode mode, bool epilogue) {
    Candidate it;
    it.name = label;
    it.workspace_bytes = static_cast<int64_t>(scratch.bytes());
    it.launch = [&, mode, epilogue](cudaStream_t s, int set) {
      GemmArgs args{};
      args.m = m;
      args.k = args.lda = k;
      args.n = args.ldb = args.ldc = n;
      args.a = o.a[static_cast<size_t>(set)].as<float>();
      args.b = o.b.as<float>();
      args.c = o.c[static_cast<size_t>(set)].as<float>();
      if (epilogue) {
        args.epilogue.bias = o.bias.as<float>();
        args.epilogue.activation = Activation::relu;
      }
      return launch_gemm_f32(args, mode, scratch.as<void>(), s);
    };
    return it;
  };
  std::vector<std::unique_ptr<vendor::DenseProduct>> products;
  const auto theirs = [&](const char* label, bool tf32, bool epilogue) {
    Candidate it;
    it.name = label;
    products.push_back(vendor::dense_product(
        {m, k, n, vendor::Number::f32, tf32, epilogue ? o.bias.as<void>() : nullptr}, it.problem));
    if (vendor::DenseProduct* product = products.back().get()) {
      it.workspace_bytes = product->workspace_bytes();
      it.launch = [&o, product](cudaStream_t s, int set) {
        const auto at = static_cast<size_t>(set);
        return product->launch(o.a[at].as<void>(), o.b.as<void>(), o.c[at].as<void>(), s);
      };
    }
    return it;
  };
  const std::vector<int64_t> rows = sample_rows(m, 200);
  for (const bool epilogue : {false, true}) {
    std::vector<Candidate> some;
    const auto add = [&](Candidate it) {
      if (epilogue) it.name += " + bias, ReLU";
      some.push_back(std::move(it));
    };
    add(ours("gnnsched FFMA", GemmMode::ffma, epilogue));
    if (settings.tensor_cores) add(ours("gnnsched 3xTF32", GemmMode::tf32x3, epilogue));
    add(theirs("cuBLASLt fp32", false, epilogue));
    add(theirs("cuBLASLt TF32", true, epilogue));
    const std::vector<double> want = expected(shape, rows, epilogue);
    for (Candidate& it : some) check(it, o, shape, rows, want, stream);
    for (Candidate& it : some) out.candidates.push_back(std::move(it));
  }
  measure(out.candidates, {settings.samples, sets, stream});
  return out;
}
