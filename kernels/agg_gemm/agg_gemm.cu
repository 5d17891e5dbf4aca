// The fused layer: heavy rows first, cut into segments by the kernel of spmm, then the rows of every
// block. See agg_rows.h for the first half of a block's work, the two products for the second.
#include "agg_gemm/agg_gemm.h"
#include "spmm/spmm.h"

namespace gnnsched::gpu {

int64_t agg_gemm_workspace_bytes(int64_t segments, int64_t k) {
  return spmm_workspace_bytes(segments, k);
}

#if defined(GNNSCHED_NO_TENSOR_CORES)
// Built for nothing newer than sm_75.
cudaError_t launch_agg_gemm_tf32x3(const AggGemmArgs&, const RowWork&, void*, cudaStream_t) {
  return cudaErrorNotSupported;
}
#endif

cudaError_t launch_agg_gemm(const AggGemmArgs& args, GemmMode mode, const RowWork& work,
                            void* workspace, cudaStream_t stream) {
  const SpmmArgs& aggregate = args.aggregate;
  if (aggregate.m == 0 || args.product.n == 0) return cudaSuccess;
  if (aggregate.n > kWidestFused || aggregate.reduce == Reduce::max) {
    return cudaErrorInvalidValue;
  }
  RowWork segments = segments_of(work);
  segments.heavy_end = segments.heavy_begin;  // their partial rows stay in the workspace
  if (segments.unit_begin < segments.unit_end) {
    const cudaError_t started = launch_spmm_csr(aggregate, segments, workspace, stream);
    if (started != cudaSuccess) return started;
  }
  if (args.row_begin >= aggregate.m) return cudaSuccess;
  return mode == GemmMode::tf32x3 ? launch_agg_gemm_tf32x3(args, work, workspace, stream)
                                  : launch_agg_gemm_ffma(args, work, workspace, stream);
}

}  // namespace gnnsched::gpu
