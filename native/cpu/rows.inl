// The operators that walk rows once: densify, rowwise, readout, gather, log-softmax.

static void densify(const DensifyArgs& d) {
  for (int64_t r = 0; r < d.m; r++) {
    float* y = d.y + r * d.ldy;
    __builtin_memset(y, 0, (size_t)d.k * sizeof(float));
    for (int64_t e = d.row_offsets[r]; e < d.row_offsets[r + 1]; e++) {
      y[d.col_indices[e]] += d.values[e];
    }
  }
}

static float row_norm(const float* x, int64_t n) {
  vf sum = splat(0.0f);
  int64_t c = 0;
  for (; c + kWidth <= n; c += kWidth) sum += load(x + c) * load(x + c);
  if (c < n) {
    const vf v = load_part(x + c, (int)(n - c));
    sum += v * v;
  }
  return __builtin_sqrtf(sum_lanes(sum));
}

static void rowwise(const RowwiseArgs& w) {
  for (int64_t r = 0; r < w.m; r++) {
    const float* x = w.x + r * w.ldx;
    float* y = w.y + r * w.ldy;
    float norm = 1.0f;
    if (w.l2) {
      norm = row_norm(x, w.n);
      norm = norm < 1e-12f ? 1e-12f : norm;  // NaN stays NaN
    }
    const RowEpilogue row = row_epilogue(w.epilogue, r);
    int64_t c = 0;
    for (; c + kWidth <= w.n; c += kWidth) {
      finish<false>(row, w.l2 ? load(x + c) / splat(norm) : load(x + c), y, c, kWidth);
    }
    if (c < w.n) {
      const int count = (int)(w.n - c);
      const vf v = load_part(x + c, count);
      finish<true>(row, w.l2 ? v / splat(norm) : v, y, c, count);
    }
  }
}

// One vector of columns of one graph; sums are cut at kEdgeBlock rows as in spmm.
template <bool Part>
GNN_INLINE vf readout_columns(const ReadoutArgs& o, int64_t begin, int64_t end, int64_t c,
                              int count) {
  if (begin == end) return splat(0.0f);
  if (o.reduce == Reduce::max) {
    vf best = splat(-__builtin_inff());
    for (int64_t r = begin; r < end; r++) {
      best = max_nan(best, load_maybe<Part>(o.x + r * o.ldx + c, count));
    }
    return best;
  }
  vf total = splat(0.0f);
  for (int64_t block = begin; block < end; block += kEdgeBlock) {
    const int64_t block_end = end - block < kEdgeBlock ? end : block + kEdgeBlock;
    vf acc = splat(0.0f);
    for (int64_t r = block; r < block_end; r++) {
      acc += load_maybe<Part>(o.x + r * o.ldx + c, count);
    }
    total += acc;
  }
  return o.reduce == Reduce::mean ? total / splat((float)(end - begin)) : total;
}

static void readout(const ReadoutArgs& o) {
  for (int64_t g = 0; g < o.graphs; g++) {
    const int64_t begin = o.offsets[g], end = o.offsets[g + 1];
    float* y = o.y + g * o.ldy;
    int64_t c = 0;
    for (; c + kWidth <= o.n; c += kWidth) {
      store(y + c, readout_columns<false>(o, begin, end, c, kWidth));
    }
    if (c < o.n) {
      const int count = (int)(o.n - c);
      store_part(y + c, readout_columns<true>(o, begin, end, c, count), count);
    }
  }
}

static void gather(const GatherArgs& g) {
  for (int64_t i = 0; i < g.count; i++) {
    __builtin_memcpy(g.y + i * g.ldy, g.x + g.rows[i] * g.ldx, (size_t)g.n * sizeof(float));
  }
}

static void log_softmax(const LogSoftmaxArgs& l) {
  const vf low = splat(-__builtin_inff());
  for (int64_t r = 0; r < l.m; r++) {
    const float* x = l.x + r * l.ldx;
    float* y = l.y + r * l.ldy;
    const int64_t whole = l.n / kWidth * kWidth;
    const int count = (int)(l.n - whole);
    // -inf behind the last column: never the largest, and its exponential is 0
    vf last = low;
    if (count > 0) last = lane_numbers() < count ? load_part(x + whole, count) : low;
    vf best = last;
    for (int64_t c = 0; c < whole; c += kWidth) {
      const vf v = load(x + c);
      best = v > best ? v : best;
    }
    const vf largest = splat(max_lanes(best));
    vf sum = count == 0 ? splat(0.0f) : vexp(last - largest);
    for (int64_t c = 0; c < whole; c += kWidth) sum += vexp(load(x + c) - largest);
    const vf log_total = splat(__builtin_logf(sum_lanes(sum)));
    for (int64_t c = 0; c < whole; c += kWidth) store(y + c, (load(x + c) - largest) - log_total);
    if (count > 0) store_part(y + whole, (last - largest) - log_total, count);
  }
}
