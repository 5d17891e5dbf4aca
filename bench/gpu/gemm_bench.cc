// The product of a graph's features with the first weights, c = relu(a b + bias): ours in each mode,
// beside cuBLASLt in the same, with and without its fused epilogue. a and c are stored in float32 or in
// two bytes; so is cuBLASLt's b, ours is float32.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "bench_case.h"
#include "gemm/gemm.h"
#include "vendor.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

constexpr uint64_t kSeedA = 21, kSeedB = 22, kSeedBias = 23;

struct Shape {
  int64_t m, k, n;
  Storage storage;
  int64_t row_bytes() const { return element_bytes(storage) * m * (k + n); }
  int64_t bytes() const { return row_bytes() + 4 * k * n; }
};

// Without the epilogue.
Expected expected(const Shape& s) {
  Expected out{sample_rows(s.m, 200), {}};
  std::vector<double> b(static_cast<size_t>(s.k * s.n));
  for (size_t i = 0; i < b.size(); i++) b[i] = double(value_at(s.storage, kSeedB, i));
  for (const int64_t r : out.rows) {
    std::vector<double> sum(static_cast<size_t>(s.n), 0.0);
    for (int64_t i = 0; i < s.k; i++) {
      const double a = double(value_at(s.storage, kSeedA, static_cast<uint64_t>(r * s.k + i)));
      for (size_t c = 0; c < sum.size(); c++) sum[c] += a * b[static_cast<size_t>(i * s.n) + c];
    }
    out.values.insert(out.values.end(), sum.begin(), sum.end());
  }
  return out;
}

Expected with_epilogue(Expected out, const Shape& s) {
  for (size_t i = 0; i < out.values.size(); i++) {
    const uint64_t column = i % static_cast<uint64_t>(s.n);
    out.values[i] = std::max(out.values[i] + double(value_at(s.storage, kSeedBias, column)), 0.0);
  }
  return out;
}

struct Operands {
  std::vector<DeviceMatrix> a, c;
  DeviceMatrix b, bias;               // ours
  DeviceMatrix stored_b, stored_bias; // cuBLASLt's
};

// Values that two bytes hold, in float32.
DeviceMatrix widened(const DeviceMatrix& from, int64_t rows, cudaStream_t stream) {
  DeviceMatrix out(rows, from.columns(), Storage::f32);
  std::vector<int64_t> all(static_cast<size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  out.write(from.read(all, stream), stream);
  return out;
}

Operands make_operands(const Shape& s, int sets, cudaStream_t stream) {
  DeviceMatrix b(s.k, s.n, s.storage), bias(1, s.n, s.storage);
  b.fill(kSeedB, stream);
  bias.fill(kSeedBias, stream);
  DeviceMatrix wide_b = widened(b, s.k, stream), wide_bias = widened(bias, 1, stream);
  Operands out{{}, {}, std::move(wide_b), std::move(wide_bias), std::move(b), std::move(bias)};
  for (int i = 0; i < std::max(sets, 1); i++) {
    out.a.emplace_back(s.m, s.k, s.storage);
    out.c.emplace_back(s.m, s.n, s.storage);
    out.a.back().fill(kSeedA, stream);
  }
  return out;
}

struct Mode {
  const char* name;
  GemmMode mode;
};

// What takes operands of this storage on this GPU.
std::vector<Mode> modes_of(Storage storage, bool tensor_cores) {
  std::vector<Mode> out{{"gnnsched FFMA", GemmMode::ffma}};
  if (!tensor_cores) return out;
  if (storage == Storage::f32) {
    out.push_back({"gnnsched 3xTF32", GemmMode::tf32x3});
    out.push_back({"gnnsched TF32", GemmMode::tf32});
  } else if (storage == Storage::f16) {
    out.push_back({"gnnsched fp16", GemmMode::f16});
  } else {
    out.push_back({"gnnsched bf16", GemmMode::bf16});
  }
  return out;
}

// Of what is multiplied in 10 bits of mantissa the error is some 1e-3; operands of two bytes are exact.
double tolerance_of(const Candidate& it) {
  const bool rounded = it.name.find(" TF32") != std::string::npos;
  return rounded ? 1e-2 : 1e-5;
}

}  // namespace

BenchRow gemm_bench(const std::string& name, int64_t m, int64_t k, int64_t n, Storage storage,
                    const BenchSettings& settings) {
  const cudaStream_t stream = settings.stream;
  const Shape shape{m, k, n, storage};
  BenchRow out{"gemm", name, name_of(storage), m, k, n, 0, {}, 0, shape.bytes(), {}};
  const double compulsory_us =
      1e6 * double(shape.bytes()) / settings.ceilings.copy_bytes_per_second;
  out.bounds = {compulsory_us, compulsory_us, compulsory_us};
  const int sets = cold_sets(shape.row_bytes(), settings);
  const Operands o = make_operands(shape, sets, stream);
  const DeviceArray scratch(static_cast<size_t>(gemm_workspace_bytes(m, k, n)));

  const auto ours = [&](const Mode& how, bool epilogue) {
    Candidate it;
    it.name = how.name;
    it.workspace_bytes = static_cast<int64_t>(scratch.bytes());
    it.launch = [&, mode = how.mode, epilogue](cudaStream_t s, int set) {
      GemmArgs args{};
      args.m = m;
      args.k = args.lda = k;
      args.n = args.ldb = args.ldc = n;
      args.a = o.a[static_cast<size_t>(set)].floats();
      args.b = o.b.floats();
      args.c = o.c[static_cast<size_t>(set)].floats();
      args.a_storage = args.c_storage = storage;
      if (epilogue) {
        args.epilogue.bias = o.bias.floats();
        args.epilogue.activation = Activation::relu;
      }
      return launch_gemm_f32(args, mode, scratch.as<void>(), s);
    };
    return it;
  };
  std::vector<std::unique_ptr<vendor::DenseProduct>> products;
  const auto theirs = [&](const std::string& label, bool tf32, bool epilogue) {
    Candidate it;
    it.name = "cuBLASLt " + label;
    products.push_back(vendor::dense_product({m, k, n, vendor::number_of(storage), tf32,
                                              epilogue ? o.stored_bias.data() : nullptr},
                                             it.problem));
    if (vendor::DenseProduct* product = products.back().get()) {
      it.workspace_bytes = product->workspace_bytes();
      it.launch = [&o, product](cudaStream_t s, int set) {
        const auto at = static_cast<size_t>(set);
        return product->launch(o.a[at].data(), o.stored_b.data(), o.c[at].data(), s);
      };
    }
    return it;
  };
  const Expected product = expected(shape);
  for (const bool epilogue : {false, true}) {
    std::vector<Candidate> some;
    for (const Mode& how : modes_of(storage, settings.tensor_cores)) {
      some.push_back(ours(how, epilogue));
    }
    some.push_back(theirs(name_of(storage), false, epilogue));
    if (storage == Storage::f32) some.push_back(theirs("TF32", true, epilogue));
    const Expected want = epilogue ? with_epilogue(product, shape) : product;
    for (Candidate& it : some) {
      check(it, o.c[0], want, tolerance_of(it), stream);
      if (epilogue) it.name += " + bias, ReLU";
      out.candidates.push_back(std::move(it));
    }
  }
  measure(out.candidates, {settings.samples, sets, stream});
  return out;
}
