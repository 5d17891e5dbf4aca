// c[m, n] = epilogue(sum over parts of p[part, m, n]): the parts of a long product in their order.
//
// A tall, narrow output has too few tiles to fill a device when k is long (a bag of words times the
// first weights): k is cut into parts, one block each, and the parts are added here. No atomics, so
// the bits do not depend on which block came first.
#include "common/epilogue.h"
#include "gemm/gemm_split.h"

namespace gnnsched::gpu {

namespace {

struct SplitConfig {
  static constexpr int kThreads = 256;
  static constexpr int64_t kTileRows = 128, kTileColumns = 64;  // of the product kernels
  static constexpr int64_t kDepth = 16;                         // theirs, too
  static constexpr int64_t kShortest = 256;  // a part's depth: 16 tiles pay for one more addition
  static constexpr int64_t kWantedBlocks = 132;  // multiprocessors of the largest device we know
  static_assert(kShortest % kDepth == 0, "a part begins at a tile");
};

__global__ void __launch_bounds__(SplitConfig::kThreads)
    gemm_add_parts_kernel(GemmArgs g, int64_t parts, const float* partials) {
  const int64_t number =
      static_cast<int64_t>(blockIdx.x) * SplitConfig::kThreads + threadIdx.x;
  if (number >= g.m * g.n) return;
  float total = 0.0f;
  for (int64_t part = 0; part < parts; part++) {
    total += load_once(partials + part * g.m * g.n + number);
  }
  const int64_t r = number / g.n, c = number % g.n;
  store_element(g.c_storage, g.c, r * g.ldc + c, finish(g.epilogue, r, c, total));
}

}  // namespace

GemmSplit gemm_split(int64_t m, int64_t k, int64_t n) {
  using Config = SplitConfig;
  const int64_t tiles = ceil_div(m, Config::kTileRows) * ceil_div(n, Config::kTileColumns);
  const int64_t wanted = tiles == 0 ? 1 : Config::kWantedBlocks / tiles;
  const int64_t most = k / Config::kShortest;
  const int64_t parts = wanted < most ? wanted : most;
  if (parts <= 1) return {k, 1};
  const int64_t depth = ceil_div(ceil_div(k, parts), Config::kDepth) * Config::kDepth;
  return {depth, ceil_div(k, depth)};
}

int64_t gemm_workspace_bytes(int64_t m, int64_t k, int64_t n) {
  const int64_t parts = gemm_split(m, k, n).parts;
  return parts == 1 ? 0 : parts * m * n * 4;
}

#if defined(GNNSCHED_NO_TENSOR_CORES)
// Built for nothing newer than sm_75.
cudaError_t launch_gemm_tf32(const GemmArgs&, const GemmSplit&, int, float*, cudaStream_t) {
  return cudaErrorNotSupported;
}
cudaError_t launch_gemm_half(const GemmArgs&, const GemmSplit&, Storage, float*, cudaStream_t) {
  return cudaErrorNotSupported;
}
#endif

namespace {

cudaError_t launch_mode(const GemmArgs& args, const GemmSplit& split, GemmMode mode,
                        float* partials, cudaStream_t stream) {
  const auto takes = [&](Storage storage) {
    return args.a_storage == Storage::f32 || args.a_storage == storage;
  };
  switch (mode) {
    case GemmMode::ffma: return launch_gemm_ffma(args, split, partials, stream);
    case GemmMode::tf32x3:
    case GemmMode::tf32:
      if (!takes(Storage::f32)) break;
      return launch_gemm_tf32(args, split, mode == GemmMode::tf32x3 ? 3 : 1, partials, stream);
    case GemmMode::f16:
      if (!takes(Storage::f16)) break;
      return launch_gemm_half(args, split, Storage::f16, partials, stream);
    case GemmMode::bf16:
      if (!takes(Storage::bf16)) break;
      return launch_gemm_half(args, split, Storage::bf16, partials, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t launch_gemm_f32(const GemmArgs& args, const GemmSplit& split, GemmMode mode,
                            void* workspace, cudaStream_t stream) {
  if (args.m == 0 || args.n == 0) return cudaSuccess;
  auto* partials = split.parts == 1 ? nullptr : static_cast<float*>(workspace);
  const cudaError_t started = launch_mode(args, split, mode, partials, stream);
  if (started != cudaSuccess || split.parts == 1) return started;
  const int64_t blocks = ceil_div(args.m * args.n, SplitConfig::kThreads);
  if (!grid_fits(blocks, 1)) return cudaErrorInvalidValue;
  return launch(gemm_add_parts_kernel, dim3(blocks), dim3(SplitConfig::kThreads), stream, args,
                split.parts, partials);
}

}  // namespace gnnsched::gpu
