// The driver's own calls that we use, for the emulator: declared for their types alone, as in CUDA's
// header of this name; a program gets them from cudaGetDriverEntryPointByVersion (green_driver.cc).
#pragma once
#include "cuda_runtime_api.h"

enum CUresult {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION = 915
};
enum CUdevResourceType { CU_DEV_RESOURCE_TYPE_INVALID = 0, CU_DEV_RESOURCE_TYPE_SM = 1 };
constexpr unsigned CU_STREAM_NON_BLOCKING = 1;
constexpr unsigned CU_GREEN_CTX_DEFAULT_STREAM = 1;

struct CUdevResource {
  CUdevResourceType type;
  struct {
    unsigned smCount;
  } sm;
};

namespace emulator {
struct GreenShare;
struct GreenContext;
}  // namespace emulator
using CUdevice = int;
using CUstream = cudaStream_t;
using CUdevResourceDesc = emulator::GreenShare*;
using CUgreenCtx = emulator::GreenContext*;

CUresult cuGetErrorName(CUresult error, const char** name);
CUresult cuDeviceGet(CUdevice* device, int ordinal);
CUresult cuDeviceGetDevResource(CUdevice device, CUdevResource* resource, CUdevResourceType type);
CUresult cuDevSmResourceSplitByCount(CUdevResource* result, unsigned* groups,
                                     const CUdevResource* input, CUdevResource* remaining,
                                     unsigned flags, unsigned least);
CUresult cuDevResourceGenerateDesc(CUdevResourceDesc* share, CUdevResource* resources,
                                   unsigned count);
CUresult cuGreenCtxCreate(CUgreenCtx* context, CUdevResourceDesc share, CUdevice device,
                          unsigned flags);
CUresult cuGreenCtxDestroy(CUgreenCtx context);
CUresult cuGreenCtxStreamCreate(CUstream* stream, CUgreenCtx context, unsigned flags,
                                int priority);
