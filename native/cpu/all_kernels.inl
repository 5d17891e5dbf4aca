// Every kernel for one instruction set. The including source defines GNNSCHED_WIDTH (floats of one
// vector), GNNSCHED_NAMESPACE, GNNSCHED_TABLE and GNNSCHED_ISA_NAME.
#include <stddef.h>
#include <stdint.h>
#if GNNSCHED_WIDTH > 4
#include <immintrin.h>
#endif
#include "kernels.h"

namespace gnnsched {
namespace GNNSCHED_NAMESPACE {
#include "simd.inl"
#include "epilogue.inl"
#include "gemm.inl"
#include "spmm.inl"
#include "gat.inl"
#include "rows.inl"
}  // namespace GNNSCHED_NAMESPACE

extern const KernelTable GNNSCHED_TABLE = {
    GNNSCHED_ISA_NAME,
    GNNSCHED_NAMESPACE::gemm,    GNNSCHED_NAMESPACE::spmm,    GNNSCHED_NAMESPACE::gat,
    GNNSCHED_NAMESPACE::densify, GNNSCHED_NAMESPACE::rowwise, GNNSCHED_NAMESPACE::readout,
    GNNSCHED_NAMESPACE::gather,  GNNSCHED_NAMESPACE::log_softmax,
};
}  // namespace gnnsched
