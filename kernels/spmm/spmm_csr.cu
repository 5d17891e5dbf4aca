// y[r, :] = epilogue(sum over e of row r: w[e] * x[col[e], :] + self term); a is CSR, x float32. See
// spmm_walk.h.
#include "spmm/spmm_storage.h"
#include "spmm/spmm_walk.h"

namespace gnnsched::gpu {

int64_t spmm_workspace_bytes(int64_t segments, int64_t n) {
  return segments * (spmm_padded(n) * 4 + 4);
}

cudaError_t launch_spmm_csr(const SpmmArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream) {
  if (args.m == 0 || args.n == 0) return cudaSuccess;
  switch (args.x_storage) {
    case Storage::f16: return launch_spmm_f16(args, work, workspace, stream);
    case Storage::bf16: return launch_spmm_bf16(args, work, workspace, stream);
    case Storage::f32: break;
  }
  return launch_storage<Storage::f32>(args, work, workspace, stream);
}

}  // namespace gnnsched::gpu
