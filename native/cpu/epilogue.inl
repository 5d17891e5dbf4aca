// What happens to an accumulated row before it is stored. The common part (scale, addend, bias,
// ReLU) is inlined into every kernel; the rest is one call per vector, so that kernels stay small.

GNN_CALL vf activate(Activation kind, float parameter, vf v) {
  const vf one = splat(1.0f);
  switch (kind) {
    case Activation::identity: return v;
    case Activation::relu: return v < splat(0.0f) ? splat(0.0f) : v;
    case Activation::elu: return v > splat(0.0f) ? v : splat(parameter) * vexpm1(v);
    case Activation::leaky_relu: return v > splat(0.0f) ? v : splat(parameter) * v;
    case Activation::tanh: return vtanh(v);
    case Activation::sigmoid: return one / (one + vexp(-v));
    case Activation::silu: return v / (one + vexp(-v));
    case Activation::gelu: {
      // x/2 * erfc(-x / sqrt 2): no cancellation on the negative side
      vf out = v;
      for (int i = 0; i < kWidth; i++) {
        out[i] = 0.5f * v[i] * __builtin_erfcf(v[i] * -0.70710678118654752f);
      }
      return out;
    }
  }
  return v;
}

GNN_CALL vf epilogue_rest(const Epilogue& e, vf v, int64_t c, int count) {
  const bool part = count < kWidth;
  vf scale = splat(1.0f), shift = splat(0.0f);
  if (e.scale != nullptr) {
    scale = part ? load_part(e.scale + c, count) : load(e.scale + c);
    shift = part ? load_part(e.shift + c, count) : load(e.shift + c);
  }
  if (e.scale != nullptr && !e.affine_after) v = v * scale + shift;
  v = activate(e.activation, e.parameter, v);
  if (e.scale != nullptr && e.affine_after) v = v * scale + shift;
  return v;
}

// The epilogue of one row: made once per row, applied to each of its vectors.
struct RowEpilogue {
  const Epilogue& e;
  const float* addend;
  float row_scale;
  bool scaled, relu, rest;
};

GNN_INLINE RowEpilogue row_epilogue(const Epilogue& e, int64_t r) {
  const bool relu = e.activation == Activation::relu && e.scale == nullptr;
  return {e,
          e.addend == nullptr ? nullptr : e.addend + r * e.ld_addend,
          e.row_scale == nullptr ? 1.0f : e.row_scale[r],
          e.row_scale != nullptr,
          relu,
          !relu && (e.scale != nullptr || e.activation != Activation::identity)};
}

// Finishes columns c .. c + count of the row and stores them at y + c.
template <bool Part>
GNN_INLINE void finish(const RowEpilogue& row, vf v, float* y, int64_t c, int count) {
  if (row.scaled) v = v * splat(row.row_scale);
  if (row.addend != nullptr) v = v + load_maybe<Part>(row.addend + c, count);
  if (row.e.bias != nullptr) v = v + load_maybe<Part>(row.e.bias + c, count);
  if (row.relu) v = v < splat(0.0f) ? splat(0.0f) : v;
  if (row.rest) v = epilogue_rest(row.e, v, c, Part ? count : kWidth);
  store_maybe<Part>(y + c, v, count);
}
