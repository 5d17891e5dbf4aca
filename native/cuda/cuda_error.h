// What a CUDA error means for a task: it failed, or the device is gone with everything on it.
#pragma once
#include <cuda_runtime_api.h>

#include "engine.h"

namespace gnnsched {

// Errors that stay: every later call on the device fails with them (CUDA Runtime API, cudaError_t:
// "leaves the process in an inconsistent state").
inline bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorContained:
    case cudaErrorMpsClientTerminated:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

// Takes the error off the thread, so that the next call starts clean where it can.
inline Failure failure_of(cudaError_t error) {
  (void)cudaGetLastError();
  return is_sticky(error) ? Failure::device : Failure::op;
}

inline Refusal cuda_refusal(const std::string& place, cudaError_t error) {
  return refuse(place, "%s: %s", cudaGetErrorName(error), cudaGetErrorString(error));
}

}  // namespace gnnsched
