// The SpMM of spmm_walk.h over rows of x stored as bf16; sums are float32.
#include "spmm/spmm_storage.h"
#include "spmm/spmm_walk.h"

namespace gnnsched::gpu {

cudaError_t launch_spmm_bf16(const SpmmArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream) {
  return launch_storage<Storage::bf16>(args, work, workspace, stream);
}

}  // namespace gnnsched::gpu
