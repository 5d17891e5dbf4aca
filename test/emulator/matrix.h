// The matrix instruction of a whole warp, with the meaning its documentation gives it. Products are
// exact and summed without rounding before the one rounding at the end; real hardware adds them in
// an order and with a precision it does not document, so this is the best any device can do.
#pragma once
#include <cstdint>

namespace emulator {

// d[16, 8] = a[16, 8] * b[8, 8] + c[16, 8]; operands are rounded toward zero to tf32 as they enter.
void mma_m16n8k8_tf32(float (&d)[4], const float (&a)[4], const float (&b)[2],
                      const float (&c)[4]);

// d[16, 8] += a[16, 16] * b[16, 8]; pairs of 16-bit operands become floats by `widen`.
void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                  float (*widen)(uint32_t));

}  // namespace emulator
