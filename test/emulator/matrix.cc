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

struct PairFragments {
  uint32_t a[4];
  uint32_t b[2];
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

void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                  float (*widen)(uint32_t)) {
  const PairFragments own = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  const LaneSlot* slots = meet(0xffffffffu, &own, sizeof own, WarpOp::mma);
  const int group = current->lane / 4, in_group = current->lane % 4;
  const auto fragments = [&](int lane) {
    PairFragments f;
    std::memcpy(&f, &slots[lane], sizeof f);
    return f;
  };
  const auto product = [&](uint32_t x, uint32_t y) {
    return static_cast<double>(widen(x & 0xffffu)) * widen(y & 0xffffu) +
           static_cast<double>(widen(x >> 16)) * widen(y >> 16);
  };
  double sum[4] = {d[0], d[1], d[2], d[3]};
  // lane 4 g + t holds the pairs a[g, 2 t], a[g + 8, 2 t], a[g, 2 t + 8], a[g + 8, 2 t + 8] and
  // b[2 t, g], b[2 t + 8, g]
  for (int t = 0; t < 4; t++) {
    const PairFragments row = fragments(4 * group + t);
    for (int j = 0; j < 2; j++) {
      const PairFragments column = fragments(4 * (2 * in_group + j) + t);
      sum[j] += product(row.a[0], column.b[0]) + product(row.a[2], column.b[1]);
      sum[2 + j] += product(row.a[1], column.b[0]) + product(row.a[3], column.b[1]);
    }
  }
  for (int i = 0; i < 4; i++) d[i] = static_cast<float>(sum[i]);
}

}  // namespace emulator
