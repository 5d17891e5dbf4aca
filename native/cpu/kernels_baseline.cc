// The kernels for every CPU of the architecture; see all_kernels.inl.
#define GNNSCHED_WIDTH 4
#define GNNSCHED_NAMESPACE baseline
#define GNNSCHED_TABLE kBaselineKernels
#define GNNSCHED_ISA_NAME "baseline"
#include "all_kernels.inl"
