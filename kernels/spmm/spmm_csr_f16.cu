// The SpMM of spmm_walk.h over rows of x stored as f16; sums are float32.
#include "spmm/spmm_storage.h"
#include "spmm/spmm_walk.h"

namespace gnnsched::gpu {

cudaError_t launch_spmm_f16(const SpmmArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream) {
  return launch_storage<Storage::f16>(args, work, workspace, stream);
}

}  // namespace gnnsched::gpu
