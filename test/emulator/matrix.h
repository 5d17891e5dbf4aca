// The matrix instruction of a whole warp, with the meaning its documentation gives it. Products are
// exact and summed without rounding before the one rounding at the end; real hardware adds them in
// an order and with a precision it does not document, so this is the best any device can do.
#pragma once

namespace emulator {

// d[16, 8] = a[16, 8] * b[8, 8] + c[16, 8]; operands are rounded toward zero to tf32 as they enter.
void mma_m16n8k8_tf32(float (&d)[4], const float (&a)[4], const float (&b)[2],
                      const float (&c)[4]);

}  // namespace emulator
