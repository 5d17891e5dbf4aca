// In place of the emulator's header of this name where kernels run on a GPU: there is no order to choose,
// and what the checks write from the host is memory that both sides see.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>

namespace emulator {

void set_order(uint64_t seed);
const std::string& last_failure();

#if !defined(GNNSCHED_EMULATED)
// Poisoned, as the emulator's is.
cudaError_t malloc_for_both(void** block, size_t bytes);
#define cudaMalloc emulator::malloc_for_both
#endif

}  // namespace emulator
