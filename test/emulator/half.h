// Floats of 16 bits: widening is exact, narrowing rounds to nearest with ties to even; NaN becomes
// 0x7fff, as the device's conversions make it.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace emulator {

inline float float_of_bits(uint32_t bits) {
  float v;
  std::memcpy(&v, &bits, 4);
  return v;
}

inline uint32_t bits_of_float(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, 4);
  return bits;
}

inline float from_bf16(uint32_t bits) { return float_of_bits(bits << 16); }

inline uint16_t to_bf16(float v) {
  if (v != v) return 0x7fff;
  const uint32_t bits = bits_of_float(v);
  // half a unit up, less one where the last kept bit is even: a tie then stays
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// 1 sign, 5 exponent and 10 mantissa bits.
inline float from_f16(uint32_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u;
  const uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 31) return float_of_bits(sign | 0x7f800000u | mantissa << 13);
  if (exponent != 0) return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
  const float tiny = static_cast<float>(mantissa) * 0x1p-24f;  // below 2^-14: no leading one
  return sign != 0 ? -tiny : tiny;
}

inline uint16_t to_f16(float v) {
  if (v != v) return 0x7fff;
  const uint32_t bits = bits_of_float(v), sign = bits >> 16 & 0x8000u;
  const float size = std::fabs(v);
  if (size >= 65520.0f) return static_cast<uint16_t>(sign | 0x7c00u);  // a tie with 2^16
  if (size < 0x1p-14f) {
    // in units of 2^-24; 1024 of them carry into the exponent by themselves
    const auto units = static_cast<uint32_t>(std::nearbyint(size * 0x1p24f));
    return static_cast<uint16_t>(sign | units);
  }
  const uint32_t kept = bits & 0x7fffffffu;
  const uint32_t rounded = kept + 0xfffu + (kept >> 13 & 1u);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

}  // namespace emulator
