// Matrix instructions: see matrix.h.
#include "matrix.h"

#include <cstdint>
#include <cstring>

#include "block.h"

namespace emulator {

namespace {

struct Fragments {
  float a[4];
  float b[2];
};

double tf32(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, 4);
  if ((bits & 0x7fffffffu) <= 0x7f800000u) bits &= 0xffffe000u;  // NaN keeps its bits
  std::memcpy(&v, &bits, 4);
  return v;
}

}  // namespace

void mma_m16n8k8_tf32(float (&d)[4], const float (&a)[4], const float (&b)[2],
                      const float (&c)[4]) {
  const Fragments own = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  const LaneSlot* slots = meet(0xffffffffu, &own, sizeof own, WarpOp::mma);
  const int group = current->lane / 4, in_group = current->lane % 4;
  const auto fragments = [&](int lane) {
    Fragments f;
    std::memcpy(&f, &slots[lane], sizeof f);
    return f;
  };
  double sum[4] = {c[0], c[1], c[2], c[3]};
  // lane 4 g + t holds a[g, t], a[g + 8, t], a[g, t + 4], a[g + 8, t + 4], b[t, g], b[t + 4, g]
  // and d[g, 2 t], d[g, 2 t + 1], d[g + 8, 2 t], d[g + 8, 2 t + 1]
  for (int t = 0; t < 4; t++) {
    const Fragments row = fragments(4 * group + t);
    for (int j = 0; j < 2; j++) {
      const Fragments column = fragments(4 * (2 * in_group + j) + t);
      const double b0 = tf32(column.b[0]), b1 = tf32(column.b[1]);
      sum[j] += tf32(row.a[0]) * b0 + tf32(row.a[2]) * b1;
      sum[2 + j] += tf32(row.a[1]) * b0 + tf32(row.a[3]) * b1;
    }
  }
  for (int i = 0; i < 4; i++) d[i] = static_cast<float>(sum[i]);
}

}  // namespace emulator
