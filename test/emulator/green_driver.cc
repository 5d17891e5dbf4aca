// Green contexts as the driver of an H100 has them: shares in steps of eight multiprocessors, what is left
// over for who takes it. Kernels run as everywhere here; that none runs outside is checked in streams.cc.
#include <cstring>

#include "cuda.h"
#include "streams.h"

namespace emulator {

struct GreenShare {
  unsigned multiprocessors;
};
struct GreenContext {
  unsigned multiprocessors;
};

namespace {

constexpr unsigned kStep = 8;

struct Symbol {
  const char* name;
  void* function;
};

template <class Function>
Symbol symbol(const char* name, Function* function) {
  return {name, reinterpret_cast<void*>(function)};
}

}  // namespace

}  // namespace emulator

using namespace emulator;

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned version,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* status) {
  static const Symbol symbols[] = {
      symbol("cuGetErrorName", cuGetErrorName),
      symbol("cuDeviceGet", cuDeviceGet),
      symbol("cuDeviceGetDevResource", cuDeviceGetDevResource),
      symbol("cuDevSmResourceSplitByCount", cuDevSmResourceSplitByCount),
      symbol("cuDevResourceGenerateDesc", cuDevResourceGenerateDesc),
      symbol("cuGreenCtxCreate", cuGreenCtxCreate),
      symbol("cuGreenCtxDestroy", cuGreenCtxDestroy),
      symbol("cuGreenCtxStreamCreate", cuGreenCtxStreamCreate),
  };
  *function = nullptr;
  *status = cudaDriverEntryPointSymbolNotFound;
  for (const Symbol& known : symbols) {
    if (std::strcmp(known.name, name) != 0) continue;
    const bool there = version <= driver_version();
    *status = there ? cudaDriverEntryPointSuccess : cudaDriverEntryPointVersionNotSufficent;
    if (there) *function = known.function;
  }
  return cudaSuccess;
}

CUresult cuGetErrorName(CUresult error, const char** name) {
  *name = error == CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION
              ? "CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION"
              : "CUDA_ERROR";
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  if (ordinal < 0 || ordinal >= knob("GNNSCHED_EMULATED_GPUS", 1)) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetDevResource(CUdevice, CUdevResource* resource, CUdevResourceType type) {
  if (type != CU_DEV_RESOURCE_TYPE_SM) return CUDA_ERROR_INVALID_VALUE;
  *resource = {type, {static_cast<unsigned>(multiprocessors())}};
  return CUDA_SUCCESS;
}

CUresult cuDevSmResourceSplitByCount(CUdevResource* result, unsigned* groups,
                                     const CUdevResource* input, CUdevResource* remaining,
                                     unsigned, unsigned least) {
  if (*groups != 1 || least > input->sm.smCount) return CUDA_ERROR_INVALID_VALUE;
  const unsigned taken = least < kStep ? kStep : (least + kStep - 1) / kStep * kStep;
  if (taken > input->sm.smCount) return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
  const unsigned left = input->sm.smCount - taken;
  *result = {CU_DEV_RESOURCE_TYPE_SM, {taken}};
  *remaining = {left > 0 ? CU_DEV_RESOURCE_TYPE_SM : CU_DEV_RESOURCE_TYPE_INVALID, {left}};
  return CUDA_SUCCESS;
}

CUresult cuDevResourceGenerateDesc(CUdevResourceDesc* share, CUdevResource* resources,
                                   unsigned count) {
  if (count != 1) return CUDA_ERROR_INVALID_VALUE;
  // CUDA, too, has no call to give a description back
  static GreenShare shares[64];
  for (GreenShare& known : shares) {
    if (known.multiprocessors != 0 && known.multiprocessors != resources->sm.smCount) continue;
    known.multiprocessors = resources->sm.smCount;
    *share = &known;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGreenCtxCreate(CUgreenCtx* context, CUdevResourceDesc share, CUdevice, unsigned flags) {
  if (flags != CU_GREEN_CTX_DEFAULT_STREAM) return CUDA_ERROR_INVALID_VALUE;
  *context = new GreenContext{share->multiprocessors};
  green_contexts++;
  return CUDA_SUCCESS;
}

CUresult cuGreenCtxDestroy(CUgreenCtx context) {
  delete context;
  green_contexts--;
  return CUDA_SUCCESS;
}

CUresult cuGreenCtxStreamCreate(CUstream* stream, CUgreenCtx, unsigned flags, int) {
  if (flags != CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  *stream = make_green_stream();
  return CUDA_SUCCESS;
}
