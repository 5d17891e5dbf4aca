// What the machine offers: instruction sets, cores, memory, its name, and the size of this addon.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace gnnsched {

// Kernel tables this CPU can run, the fastest first; "baseline" is always there.
std::vector<const KernelTable*> available_kernels();

// Cores this process may use.
int usable_cores();

// Bytes of memory this process may use: the machine's, or its control group's limit if smaller.
int64_t usable_memory_bytes();

std::string cpu_name();

// Bytes of the addon's own code and data as mapped; 0 where the platform does not tell.
int64_t code_bytes();

}  // namespace gnnsched
