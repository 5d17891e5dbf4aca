// Vectors of kWidth floats by the compiler's vector extensions: loads and stores of a part of a
// vector, and the exponential family. Included once into each instruction set's namespace.
//
// exp: Cody-Waite reduction and a polynomial of degree 7; relative error about 1e-7 over the normal
// floats, infinity above them, 0 below (a denormal result would cost a hundred cycles), NaN in gives
// NaN out. expm1 has its own polynomial near 0.

#if GNNSCHED_WIDTH == 16
constexpr int kWidth = 16;
#elif GNNSCHED_WIDTH == 8
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif

#define GNN_INLINE static inline __attribute__((always_inline))
#define GNN_CALL static __attribute__((noinline))
#define GNN_UNROLL _Pragma("GCC unroll 16")

typedef float vf __attribute__((vector_size(kWidth * 4)));
typedef int32_t vi __attribute__((vector_size(kWidth * 4)));

// v - 0 is v for every v, so that this is one broadcast; filling lanes one by one is not.
GNN_INLINE vf splat(float v) { return v - vf{}; }

GNN_INLINE vf load(const float* p) {
  vf v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

GNN_INLINE void store(float* p, vf v) { __builtin_memcpy(p, &v, sizeof v); }

// The first `count` floats (1 .. kWidth), zeros behind them; reads nothing else.
GNN_INLINE vf load_part(const float* p, int count) {
#if GNNSCHED_WIDTH == 16
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), p);
#elif GNNSCHED_WIDTH == 8
  const vi lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return (vf)_mm256_maskload_ps(p, (__m256i)(lane < count));
#else
  vf v = {};
  switch (count) {
    case 4: v[3] = p[3]; [[fallthrough]];
    case 3: v[2] = p[2]; [[fallthrough]];
    case 2: v[1] = p[1]; [[fallthrough]];
    default: v[0] = p[0];
  }
  return v;
#endif
}

GNN_INLINE void store_part(float* p, vf v, int count) {
#if GNNSCHED_WIDTH == 16
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1u), (__m512)v);
#elif GNNSCHED_WIDTH == 8
  const vi lane = {0, 1, 2, 3, 4, 5, 6, 7};
  _mm256_maskstore_ps(p, (__m256i)(lane < count), (__m256)v);
#else
  switch (count) {
    case 4: p[3] = v[3]; [[fallthrough]];
    case 3: p[2] = v[2]; [[fallthrough]];
    case 2: p[1] = v[1]; [[fallthrough]];
    default: p[0] = v[0];
  }
#endif
}

// A whole vector unless `Part`, where `count` says how much of it there is.
template <bool Part>
GNN_INLINE vf load_maybe(const float* p, int count) {
  if constexpr (Part) return load_part(p, count);
  return load(p);
}

template <bool Part>
GNN_INLINE void store_maybe(float* p, vf v, int count) {
  if constexpr (Part) {
    store_part(p, v, count);
  } else {
    store(p, v);
  }
}

GNN_INLINE vi lane_numbers() {
  vi out;
  for (int i = 0; i < kWidth; i++) out[i] = i;
  return out;
}

// Both in the same fixed order of pairs on every run.
GNN_INLINE float sum_lanes(vf v) {
  GNN_UNROLL
  for (int step = kWidth / 2; step > 0; step /= 2) v += __builtin_shuffle(v, lane_numbers() ^ step);
  return v[0];
}

// The largest lane; NaN lanes lose.
GNN_INLINE float max_lanes(vf v) {
  GNN_UNROLL
  for (int step = kWidth / 2; step > 0; step /= 2) {
    const vf other = __builtin_shuffle(v, lane_numbers() ^ step);
    v = v > other ? v : other;
  }
  return v[0];
}

// torch's maximum: NaN if either is NaN.
GNN_INLINE vf max_nan(vf best, vf x) { return ((x > best) | (x != x)) ? x : best; }

GNN_INLINE vf vexp(vf x) {
  const vf over = splat(88.8f), under = splat(-87.3f);
  vf t = x > over ? over : x;  // comparisons with NaN are false: NaN passes through
  t = t < under ? under : t;
  const vf magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const vf shifted = t * splat(1.44269504088896341f) + magic;
  const vf whole = shifted - magic;
  vf r = t - whole * splat(0.693359375f);
  r = r - whole * splat(-2.12194440e-4f);
  vf p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * (r * r) + r + splat(1.0f);
  // 2^whole in two factors, so that 2^128 comes out right
  const vi n = (vi)shifted - (vi)magic;
  const vi half = n >> 1;
  const vf low = (vf)((half + 127) << 23), high = (vf)((n - half + 127) << 23);
  return x < under ? splat(0.0f) : p * low * high;
}

GNN_INLINE vf vexpm1(vf x) {
  const vf magnitude = (vf)((vi)x & 0x7fffffff);
  vf p = splat(2.7557319e-6f);
  p = p * x + splat(2.4801587e-5f);
  p = p * x + splat(1.9841270e-4f);
  p = p * x + splat(1.3888889e-3f);
  p = p * x + splat(8.3333333e-3f);
  p = p * x + splat(4.1666667e-2f);
  p = p * x + splat(1.6666667e-1f);
  p = p * x + splat(0.5f);
  p = p * (x * x) + x;
  return magnitude < splat(0.5f) ? p : vexp(x) - splat(1.0f);
}

GNN_INLINE vf vtanh(vf x) {
  const vf magnitude = (vf)((vi)x & 0x7fffffff);
  const vf t = vexpm1(magnitude * splat(-2.0f));
  const vf value = -t / (t + splat(2.0f));
  return (vf)((vi)value | ((vi)x & (int32_t)0x80000000));
}
