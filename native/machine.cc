// The machine: see machine.h.
#include "machine.h"

#include <unistd.h>

#include <fstream>
#include <thread>

#if defined(__linux__)
#include <link.h>
#include <sched.h>
#endif

namespace gnnsched {

std::vector<const KernelTable*> available_kernels() {
  std::vector<const KernelTable*> tables;
#if defined(GNNSCHED_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    tables.push_back(&kAvx512Kernels);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    tables.push_back(&kAvx2Kernels);
  }
#endif
  tables.push_back(&kBaselineKernels);
  return tables;
}

int usable_cores() {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  const unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : static_cast<int>(cores);
}

int64_t usable_memory_bytes() {
  int64_t bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
#if defined(__linux__)
  for (const char* path : {"/sys/fs/cgroup/memory.max",
                           "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    int64_t limit = 0;
    // the file says "max" where there is no limit: then nothing is read
    if (file >> limit && limit > 0 && limit < bytes) bytes = limit;
  }
#endif
  return bytes;
}

std::string cpu_name() {
#if defined(__linux__)
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) == 0) {
      const size_t at = line.find(": ");
      if (at != std::string::npos) return line.substr(at + 2);
    }
  }
#endif
  return "cpu";
}

int64_t code_bytes() {
  int64_t bytes = 0;
#if defined(__linux__)
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        const auto self = reinterpret_cast<uintptr_t>(&code_bytes);
        int64_t size = 0;
        bool ours = false;
        for (int i = 0; i < info->dlpi_phnum; i++) {
          const auto& segment = info->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD) continue;
          const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
          size += static_cast<int64_t>(segment.p_memsz);
          ours = ours || (self >= begin && self < begin + segment.p_memsz);
        }
        if (ours) *static_cast<int64_t*>(out) = size;
        return ours ? 1 : 0;
      },
      &bytes);
#endif
  return bytes;
}

}  // namespace gnnsched
