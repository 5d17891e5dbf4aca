// Operators on a GPU: see cuda_ops.h.
#include "cuda/cuda_ops.h"

#include <cinttypes>

#include "agg_gemm/agg_gemm.h"
#include "gat/gat.h"
#include "gemm/gemm.h"
#include "rows/rows.h"
#include "spmm/spmm.h"

namespace gnnsched {

namespace {

using namespace words;

// A tile of the tensor-core kernel is wider than this: narrower outputs would waste it.
constexpr int64_t kNarrowest = 16;

// The lists on the device; how many there are is read from the host's copy.
gpu::RowWork row_work(const PlanOp& op, const BoundOp& bound) {
  const gpu::RowWorkBounds bounds = gpu::row_work_bounds(op.m, op.nnz);
  const int32_t* counts = bound.range(kRowWork).data;
  const int32_t* words = bound.ints(kRowWork);
  return {reinterpret_cast<const gpu::RowBundle*>(words + bounds.bundles_at()),
          reinterpret_cast<const gpu::RowSegment*>(words + bounds.segments_at()),
          reinterpret_cast<const gpu::HeavyRow*>(words + bounds.heavy_at()),
          counts[0],
          counts[1],
          counts[2]};
}

gpu::RowWork row_work(const PlanOp& op, const BoundOp& bound, const OpSlice& slice) {
  gpu::RowWork work = row_work(op, bound);
  work.unit_begin = slice.begin;
  work.unit_end = slice.end;
  work.heavy_begin = slice.heavy_begin;
  work.heavy_end = slice.heavy_end;
  return work;
}

// Of a fused layer a slice has rows, and segments of heavy rows that come before them.
gpu::RowWork fused_segments(const PlanOp& op, const BoundOp& bound, const OpSlice& slice) {
  gpu::RowWork work = row_work(op, bound);
  work.unit_begin = slice.heavy_begin;
  work.unit_end = slice.heavy_end;
  return work;
}

AggGemmArgs fused_rows(AggGemmArgs args, const OpSlice& slice) {
  const bool segments_alone = slice.begin == slice.end;
  args.row_begin = segments_alone ? args.product.m : slice.begin;
  if (!segments_alone) args.aggregate.m = args.product.m = slice.end;
  return args;
}

int64_t scratch_bytes(const PlanOp& op, const BoundOp& bound) {
  switch (op.kind) {
    case kGemm: return gpu::gemm_workspace_bytes(op.m, op.k, op.n);
    case kSpmm: return gpu::spmm_workspace_bytes(row_work(op, bound).segment_count, op.n);
    case kAggGemm:
      return gpu::agg_gemm_workspace_bytes(row_work(op, bound).segment_count, op.k);
    case kGat:
    case kGatv2:
      return gpu::gat_workspace_bytes(row_work(op, bound).segment_count, op.heads, op.head_width);
    default: return 0;
  }
}

gpu::GemmMode gemm_mode(const PlanOp& op, bool tensor_cores) {
  if (!tensor_cores || op.n < kNarrowest) return gpu::GemmMode::ffma;
  switch (op.products) {
    case kProductsTf32: return gpu::GemmMode::tf32;
    case kProductsFp16: return gpu::GemmMode::f16;
    case kProductsBf16: return gpu::GemmMode::bf16;
    default: return gpu::GemmMode::tf32x3;
  }
}

// Within the device a kernel, which a graph can hold; to and from the host a transfer.
cudaError_t launch_copy(const BoundOp& bound, cudaStream_t stream) {
  const CopyArgs c = bound.copy();
  if (c.m == 0 || c.n == 0) return cudaSuccess;
  const bool load = bound.on_host(kX), store = bound.on_host(kY);
  if (!load && !store) {
    Epilogue none{};
    return gpu::launch_rowwise_f32({c.m, c.n, false, c.x, c.ldx, c.y, c.ldy, none}, stream);
  }
  const auto bytes = [](int64_t floats) { return static_cast<size_t>(floats) * sizeof(float); };
  return cudaMemcpy2DAsync(c.y, bytes(c.ldy), c.x, bytes(c.ldx), bytes(c.n),
                           static_cast<size_t>(c.m),
                           load ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, stream);
}

}  // namespace

Verdict check_kernel_memory(const NativePlan& plan, const Binding& binding) {
  for (size_t i = 0; i < plan.ops.size(); i++) {
    const PlanOp& op = plan.ops[i];
    const std::string place = "ops[" + std::to_string(i) + "].memory";
    if (has_work_list(op) && !op.operands[kRowWork].present()) {
      return refuse(place, "no work list: the plan was made for another device");
    }
    const int64_t needed = scratch_bytes(op, BoundOp(op, binding));
    const int64_t given = op.operands[kScratch].present() ? 4 * op.scratch_words : 0;
    if (needed > given) {
      return refuse(place, "%" PRId64 " bytes of scratch are needed, %" PRId64 " were planned",
                    needed, given);
    }
  }
  return std::nullopt;
}

cudaError_t launch_slice(const PlanOp& whole, const OpSlice& slice, const Binding& binding,
                         bool tensor_cores, cudaStream_t stream) {
  const PlanOp op = has_work_list(whole) ? whole : rows_of(whole, slice.begin, slice.end);
  const BoundOp bound(op, binding);
  void* scratch = bound.floats(kScratch);
  switch (op.kind) {
    case kGemm:
      return gpu::launch_gemm_f32(bound.gemm(), gpu::gemm_split(whole.m, op.k, op.n),
                                  gemm_mode(op, tensor_cores), scratch, stream);
    case kAggGemm:
      return gpu::launch_agg_gemm(fused_rows(bound.agg_gemm(), slice), gemm_mode(op, tensor_cores),
                                  fused_segments(op, bound, slice), scratch, stream);
    case kSpmm: return gpu::launch_spmm_csr(bound.spmm(), row_work(op, bound, slice), scratch, stream);
    case kGat:
    case kGatv2:
      return gpu::launch_gat_csr(bound.gat(), row_work(op, bound, slice), scratch, stream);
    case kDensify: return gpu::launch_densify_csr(bound.densify(), stream);
    case kRowwise: return gpu::launch_rowwise_f32(bound.rowwise(), stream);
    case kReadout: return gpu::launch_readout_f32(bound.readout(), stream);
    case kGather: return gpu::launch_gather_f32(bound.gather(), stream);
    case kLogSoftmax: return gpu::launch_log_softmax_f32(bound.log_softmax(), stream);
    case kCopy: return launch_copy(bound, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace gnnsched
