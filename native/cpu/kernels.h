// The CPU kernels' border: one table of functions per instruction set.
// Only C types here: the kernel sources are compiled several times, and an inline function of the
// standard library in one of them could be merged by the linker with another's (and then run on a
// CPU that lacks its instructions).
#pragma once
#include "common/op_args.h"

namespace gnnsched {

struct KernelTable {
  const char* isa;
  void (*gemm)(const GemmArgs&);
  void (*spmm)(const SpmmArgs&);
  void (*gat)(const GatArgs&);
  void (*densify)(const DensifyArgs&);
  void (*rowwise)(const RowwiseArgs&);
  void (*readout)(const ReadoutArgs&);
  void (*gather)(const GatherArgs&);
  void (*log_softmax)(const LogSoftmaxArgs&);
};

extern const KernelTable kBaselineKernels;
#if defined(GNNSCHED_X86)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif

}  // namespace gnnsched
