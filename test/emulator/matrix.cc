// Matrix instructions: see matrix.h.
#include "matrix.h"

#include <cstdint>
#include <cstring>
#include <memory>

#include "block.h"

namespace emulator {

namespace {

// Two neighbouring columns, for one instruction of the host.
using Two = double __attribute__((vector_size(16)));

// What the lanes of a warp bring, widened once so that products are exact: a as [row][k], b as
// [k][column].
struct Operands {
  double a[16][16];
  alignas(16) double b[16][8];
};

// Two for each warp, in turns: a lane may bring its next operands while another still reads the last.
GNNSCHED_NEAR_TLS constinit thread_local Operands* of_warps = nullptr;

Operands& next_operands() {
  if (of_warps == nullptr) {
    static thread_local const std::unique_ptr<Operands[]> own(new Operands[2 * 32]);
    of_warps = own.get();
  }
  return of_warps[static_cast<unsigned>(2 * current->warp) + (current->products++ & 1u)];
}

float tf32(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, 4);
  if ((bits & 0x7fffffffu) <= 0x7f800000u) bits &= 0xffffe000u;  // NaN keeps its bits
  std::memcpy(&v, &bits, 4);
  return v;
}

void all_lanes() { meet(0xffffffffu, 0, WarpOp::mma); }

Two two(const double* at) { return *reinterpret_cast<const Two*>(at); }

// The lane's four elements: `sum` adds to two of them what their row of a and columns of b give.
template <class Sum>
void multiply(const Operands& all, float (&d)[4], const float (&c)[4], Sum sum) {
  const int group = current->lane / 4, column = 2 * (current->lane % 4);
  for (int i = 0; i < 4; i += 2) {
    const Two total = sum(Two{c[i], c[i + 1]}, all.a[group + 4 * i], &all.b[0][column]);
    d[i] = static_cast<float>(total[0]);
    d[i + 1] = static_cast<float>(total[1]);
  }
}

}  // namespace

void mma_m16n8k8_tf32(float (&d)[4], const float (&a)[4], const float (&b)[2],
                      const float (&c)[4]) {
  const int group = current->lane / 4, in_group = current->lane % 4;
  Operands& all = next_operands();
  // lane 4 g + t holds a[g, t], a[g + 8, t], a[g, t + 4], a[g + 8, t + 4], b[t, g], b[t + 4, g]
  // and d[g, 2 t], d[g, 2 t + 1], d[g + 8, 2 t], d[g + 8, 2 t + 1]
  for (int i = 0; i < 4; i++) all.a[group + i % 2 * 8][in_group + i / 2 * 4] = tf32(a[i]);
  for (int i = 0; i < 2; i++) all.b[in_group + i * 4][group] = tf32(b[i]);
  all_lanes();
  multiply(all, d, c, [](Two sum, const double* row, const double* columns) {
    const auto product = [&](int k) { return row[k] * two(columns + 8 * k); };
    for (int t = 0; t < 4; t++) sum += product(t) + product(t + 4);
    return sum;
  });
}

void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                  float (*widen)(uint32_t)) {
  const int group = current->lane / 4, in_group = current->lane % 4;
  Operands& all = next_operands();
  // lane 4 g + t holds the pairs a[g, 2 t], a[g + 8, 2 t], a[g, 2 t + 8], a[g + 8, 2 t + 8] and
  // b[2 t, g], b[2 t + 8, g]
  for (int i = 0; i < 4; i++) {
    double* pair = &all.a[group + i % 2 * 8][2 * in_group + i / 2 * 8];
    pair[0] = widen(a[i] & 0xffffu);
    pair[1] = widen(a[i] >> 16);
  }
  for (int i = 0; i < 2; i++) {
    all.b[2 * in_group + i * 8][group] = widen(b[i] & 0xffffu);
    all.b[2 * in_group + i * 8 + 1][group] = widen(b[i] >> 16);
  }
  all_lanes();
  multiply(all, d, d, [](Two sum, const double* row, const double* columns) {
    const auto product = [&](int k) { return row[k] * two(columns + 8 * k); };
    const auto pair = [&](int k) { return product(k) + product(k + 1); };
    for (int t = 0; t < 4; t++) sum += pair(2 * t) + pair(2 * t + 8);
    return sum;
  });
}

}  // namespace emulator
