#include "operands.h"

#include <algorithm>
#include <cmath>

#include "common/storage.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    fill_kernel(float* to, Storage storage, int64_t count, uint64_t seed) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) store_element(storage, to, i, value_at(storage, seed, static_cast<uint64_t>(i)));
}

// to[i, :] = row rows[i] of `from`, in float32.
__global__ void __launch_bounds__(kThreads)
    widen_rows_kernel(float* to, const float* from, Storage storage, const int64_t* rows,
                      int64_t count, int64_t columns) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const int64_t at = load_cached(rows + i / columns) * columns + i % columns;
  store_once(to + i, load_element(storage, from, at));
}

dim3 blocks_for(int64_t count) { return dim3(static_cast<unsigned>(ceil_div(count, kThreads))); }

// The largest difference from `want`, of the largest value.
double relative_error(const std::vector<double>& want, const std::vector<float>& got) {
  double largest = 1e-30, worst = 0;
  for (const double v : want) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < want.size(); i++) {
    const double error = std::abs(want[i] - static_cast<double>(got[i])) / largest;
    if (!(error <= worst)) worst = error;  // NaN stays
  }
  return worst;
}

// Half a step of the largest value.
double rounding_of(Storage storage) {
  return storage == Storage::f32 ? 0 : storage == Storage::f16 ? 0x1p-11 : 0x1p-8;
}

}  // namespace

cudaError_t launch_fill(float* to, Storage storage, int64_t count, uint64_t seed,
                        cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  return launch(fill_kernel, blocks_for(count), dim3(kThreads), stream, to, storage, count, seed);
}

std::vector<float> DeviceMatrix::read(const std::vector<int64_t>& rows,
                                      cudaStream_t stream) const {
  const int64_t count = static_cast<int64_t>(rows.size()) * columns_;
  std::vector<float> out(static_cast<size_t>(count));
  if (count == 0) return out;
  const DeviceArray wanted = on_device(rows, stream), wide(static_cast<size_t>(4 * count));
  must(launch(widen_rows_kernel, blocks_for(count), dim3(kThreads), stream, wide.as<float>(),
              floats(), storage_, wanted.as<int64_t>(), count, columns_),
       "read");
  wide.read(out.data(), wide.bytes(), stream);
  return out;
}

void check(Candidate& it, const DeviceMatrix& output, const Expected& expected, double tolerance,
           cudaStream_t stream) {
  if (!it.problem.empty()) return;
  output.poison(stream);
  cudaError_t bad = it.launch(stream, 0);
  if (bad == cudaSuccess) bad = cudaStreamSynchronize(stream);
  if (bad != cudaSuccess) {
    (void)cudaGetLastError();
    it.problem = cudaGetErrorString(bad);
    return;
  }
  it.error = relative_error(expected.values, output.read(expected.rows, stream));
  if (!(it.error < tolerance + rounding_of(output.storage()))) {
    it.problem = "wrong: error " + std::to_string(it.error);
  }
}
