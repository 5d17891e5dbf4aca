#include "ceilings.h"

#include <random>
#include <vector>

#include "common/access.h"
#include "operands.h"

using namespace gnnsched::gpu;

namespace {

constexpr int kThreads = 256;
constexpr int kRowFloats = 64, kLanesPerRow = 16;  // a float4 a lane

__global__ void __launch_bounds__(kThreads) copy_kernel(float4* to, const float4* from,
                                                        int64_t quads) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < quads;
       i += stride) {
    store_once(to + i, load_once(from + i));
  }
}

__global__ void __launch_bounds__(kThreads)
    gather_rows_kernel(float* y, const float* x, const int32_t* order, int64_t rows, int per) {
  const int64_t group = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) / kLanesPerRow;
  const int lane = threadIdx.x % kLanesPerRow;
  if (group * per >= rows) return;
  float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll 8
  for (int i = 0; i < per; i++) {
    const int64_t at = group * per + i;
    const int64_t row = load_once(order + (at < rows ? at : rows - 1));
    const float4 v =
        load_cached(reinterpret_cast<const float4*>(x + row * kRowFloats) + lane);
    sum.x += v.x;
    sum.y += v.y;
    sum.z += v.z;
    sum.w += v.w;
  }
  store_once(reinterpret_cast<float4*>(y + group * kRowFloats) + lane, sum);
}

__global__ void nothing_kernel() {}

}  // namespace

cudaError_t launch_copy(float4* to, const float4* from, int64_t quads, cudaStream_t stream) {
  const int64_t blocks = ceil_div(quads, int64_t{kThreads} * 4);
  return launch(copy_kernel, dim3(static_cast<unsigned>(blocks)), dim3(kThreads), stream, to, from,
                quads);
}

cudaError_t launch_gather_rows(float* y, const float* x, const int32_t* order, int64_t rows, int per,
                               cudaStream_t stream) {
  const int64_t groups = ceil_div(rows, per);
  const int64_t blocks = ceil_div(groups * kLanesPerRow, kThreads);
  return launch(gather_rows_kernel, dim3(static_cast<unsigned>(blocks)), dim3(kThreads), stream, y,
                x, order, rows, per);
}

cudaError_t launch_nothing(cudaStream_t stream) {
  return launch(nothing_kernel, dim3(1), dim3(32), stream);
}

Ceilings measure_ceilings(size_t copy_bytes, int samples, cudaStream_t stream) {
  constexpr int64_t kRows = 24'000'000 / (kRowFloats * 4);
  constexpr int kPer = 32;
  const int64_t gathers = copy_bytes < (size_t{1} << 24) ? 4096 : 4'000'000;
  const auto quads = static_cast<int64_t>(copy_bytes / 16);
  DeviceArray from(copy_bytes), to(copy_bytes);
  must(launch_fill(from.as<float>(), gnnsched::Storage::f32, quads * 4, 1, stream), "fill");
  const DeviceMatrix x(kRows, kRowFloats, gnnsched::Storage::f32);
  x.fill(2, stream);
  const DeviceArray y(static_cast<size_t>(ceil_div(gathers, kPer)) * 256);
  std::mt19937 random(3);
  std::vector<int32_t> order(static_cast<size_t>(gathers));
  for (int32_t& row : order) row = static_cast<int32_t>(random() % kRows);
  const DeviceArray rows = on_device(order, stream);
  std::vector<Candidate> all(3);
  all[0].launch = [&](cudaStream_t s, int) {
    return launch_copy(to.as<float4>(), from.as<float4>(), quads, s);
  };
  all[1].launch = [&](cudaStream_t s, int) {
    return launch_gather_rows(y.as<float>(), x.floats(), rows.as<int32_t>(), gathers, kPer, s);
  };
  all[2].launch = [](cudaStream_t s, int) { return launch_nothing(s); };
  measure(all, {samples, 1, stream});
  for (const Candidate& it : all) {
    if (!it.problem.empty()) must(cudaErrorUnknown, it.problem.c_str());
  }
  const auto per_second = [](double bytes, const Spread& time) {
    return bytes / (time.median_us * 1e-6);
  };
  return {per_second(2.0 * static_cast<double>(copy_bytes), all[0].hot),
          per_second(static_cast<double>(gathers) * kRowFloats * 4, all[1].hot),
          all[2].hot.median_us};
}
