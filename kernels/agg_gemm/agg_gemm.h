// c[m, n] = epilogue((reduce over edges of x + self term) * b): SpMM and GEMM of one layer in one
// kernel, so that the aggregated rows never leave the multiprocessor. Sums and means.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"
#include "gemm/gemm.h"
#include "spmm/spmm_plan.h"

namespace gnnsched::gpu {

// Computes the segments among the units of `work`, then the rows from args.row_begin on: a slice may have
// either alone, segments first.
// Partial rows of the segments of heavy rows, as of spmm.
int64_t agg_gemm_workspace_bytes(int64_t segments, int64_t k);

cudaError_t launch_agg_gemm(const AggGemmArgs& args, GemmMode mode, const RowWork& work,
                            void* workspace, cudaStream_t stream);

// The two products; launch_agg_gemm has run the segments.
cudaError_t launch_agg_gemm_ffma(const AggGemmArgs& args, const RowWork& work, void* workspace,
                                 cudaStream_t stream);
cudaError_t launch_agg_gemm_tf32x3(const AggGemmArgs& args, const RowWork& work, void* workspace,
                                   cudaStream_t stream);

}  // namespace gnnsched::gpu
