// The kernels for AVX-512 (F, BW, DQ, VL); see all_kernels.inl.
#define GNNSCHED_WIDTH 16
#define GNNSCHED_NAMESPACE avx512
#define GNNSCHED_TABLE kAvx512Kernels
#define GNNSCHED_ISA_NAME "avx512"
#include "all_kernels.inl"
