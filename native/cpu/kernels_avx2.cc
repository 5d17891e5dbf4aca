// The kernels for AVX2 and FMA; see all_kernels.inl.
#define GNNSCHED_WIDTH 8
#define GNNSCHED_NAMESPACE avx2
#define GNNSCHED_TABLE kAvx2Kernels
#define GNNSCHED_ISA_NAME "avx2"
#include "all_kernels.inl"
