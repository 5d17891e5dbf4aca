// The addon without CUDA: see cuda_engine.h.
#include "cuda/cuda_engine.h"

namespace gnnsched {

namespace {
constexpr const char* kReason =
    "this addon was built without CUDA: it is built with it where a GPU and nvcc are found, or when "
    "GNNSCHED_CUDA=1 is set for `npm run install`";
}

GpuList list_gpus() { return {{}, kReason}; }

int64_t gpu_free_bytes(int) { return -1; }

Verdict open_cuda(const CudaSettings&, std::unique_ptr<Engine>&) {
  return refuse("cuda", "%s", kReason);
}

}  // namespace gnnsched
