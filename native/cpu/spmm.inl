// y[r, :] = epilogue(reduce over the edges of row r + self term); rows of x are gathered.
//
// Columns go in chunks of up to 8 vectors that stay in registers over all edges of a row; the chunk
// widths and the kinds of edge weight are compile-time cases. Rows of x that lie ahead are fetched
// early where x does not fit the caches near the core. Sums are cut at kEdgeBlock edges, so that
// the rounding error of a hub's row grows with 64 + degree / 64, not with its degree.

constexpr int kChunkVectors = 8;
constexpr int64_t kEdgeBlock = 64;
constexpr int64_t kPrefetchEdges = 12;
constexpr int64_t kPrefetchFromBytes = 512 * 1024;

enum EdgeWeight { kUnit, kValue, kColumn, kValueColumn };

template <EdgeWeight Weight>
GNN_INLINE float edge_weight(const SpmmArgs& s, int64_t e, int32_t col) {
  if constexpr (Weight == kValue) return s.values[e];
  if constexpr (Weight == kColumn) return s.col_scale[col];
  if constexpr (Weight == kValueColumn) return s.values[e] * s.col_scale[col];
  return 1.0f;
}

GNN_INLINE void prefetch_row(const float* row, int64_t columns) {
  for (int64_t c = 0; c < columns; c += 16) __builtin_prefetch(row + c, 0, 3);
}

GNN_INLINE bool prefetch_wanted(const SpmmArgs& s) {
  return s.k * s.n * (int64_t)sizeof(float) >= kPrefetchFromBytes;
}

// Columns c0 .. c0 + (Vectors - 1) * kWidth + last of every row; sum and mean.
template <int Vectors, EdgeWeight Weight, bool Part>
static void spmm_sum(const SpmmArgs& s, int64_t c0, int last) {
  const int64_t columns = (Vectors - 1) * kWidth + last;
  const float* x = s.x + c0;
  const bool ahead = prefetch_wanted(s);
  for (int64_t r = 0; r < s.m; r++) {
    const int64_t begin = s.row_offsets[r], end = s.row_offsets[r + 1];
    vf total[Vectors];
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) total[j] = splat(0.0f);
    int64_t skipped = 0;
    for (int64_t block = begin; block < end; block += kEdgeBlock) {
      const int64_t block_end = end - block < kEdgeBlock ? end : block + kEdgeBlock;
      vf acc[Vectors];
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) acc[j] = splat(0.0f);
      for (int64_t e = block; e < block_end; e++) {
        const int32_t col = s.col_indices[e];
        if (ahead && e + kPrefetchEdges < s.nnz) {
          prefetch_row(x + s.col_indices[e + kPrefetchEdges] * s.ldx, columns);
        }
        if (s.skip_self && col == r) {
          skipped++;
          continue;
        }
        const float* from = x + col * s.ldx;
        const vf weight = splat(edge_weight<Weight>(s, e, col));
        GNN_UNROLL
        for (int j = 0; j < Vectors; j++) {
          const vf v = j == Vectors - 1 ? load_maybe<Part>(from + j * kWidth, last)
                                        : load(from + j * kWidth);
          if constexpr (Weight == kUnit) {
            acc[j] += v;
          } else {
            acc[j] += weight * v;
          }
        }
      }
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) total[j] += acc[j];
    }
    if (s.reduce == Reduce::mean && end - begin - skipped > 1) {
      const vf count = splat((float)(end - begin - skipped));
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) total[j] = total[j] / count;
    }
    if (s.self_coefficient != 0.0f) {
      float own = s.self_coefficient;
      if (s.col_scale != nullptr) own *= s.col_scale[r];
      if (s.self_weight != nullptr) own *= s.self_weight[r];
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) {
        const float* from = x + r * s.ldx + j * kWidth;
        total[j] += splat(own) * (j == Vectors - 1 ? load_maybe<Part>(from, last) : load(from));
      }
    }
    const RowEpilogue row = row_epilogue(s.epilogue, r);
    float* y = s.y + r * s.ldy;
    GNN_UNROLL
    for (int j = 0; j < Vectors - 1; j++) finish<false>(row, total[j], y, c0 + j * kWidth, kWidth);
    finish<Part>(row, total[Vectors - 1], y, c0 + (Vectors - 1) * kWidth, last);
  }
}

template <int Vectors, bool Part>
static void spmm_max(const SpmmArgs& s, int64_t c0, int last) {
  const int64_t columns = (Vectors - 1) * kWidth + last;
  const float* x = s.x + c0;
  const bool ahead = prefetch_wanted(s);
  for (int64_t r = 0; r < s.m; r++) {
    vf best[Vectors];
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) best[j] = splat(-__builtin_inff());
    bool any = false;
    for (int64_t e = s.row_offsets[r]; e < s.row_offsets[r + 1]; e++) {
      const int32_t col = s.col_indices[e];
      if (ahead && e + kPrefetchEdges < s.nnz) {
        prefetch_row(x + s.col_indices[e + kPrefetchEdges] * s.ldx, columns);
      }
      if (s.skip_self && col == r) continue;
      any = true;
      const float* from = x + col * s.ldx;
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) {
        best[j] = max_nan(best[j], j == Vectors - 1 ? load_maybe<Part>(from + j * kWidth, last)
                                                    : load(from + j * kWidth));
      }
    }
    const RowEpilogue row = row_epilogue(s.epilogue, r);
    float* y = s.y + r * s.ldy;
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) {
      const vf value = any ? best[j] : splat(0.0f);
      if (j == Vectors - 1) {
        finish<Part>(row, value, y, c0 + j * kWidth, last);
      } else {
        finish<false>(row, value, y, c0 + j * kWidth, kWidth);
      }
    }
  }
}

template <int Vectors, bool Part>
static void spmm_chunk(const SpmmArgs& s, int64_t c0, int last) {
  if (s.reduce == Reduce::max) return spmm_max<Vectors, Part>(s, c0, last);
  if (s.values != nullptr && s.col_scale != nullptr) {
    return spmm_sum<Vectors, kValueColumn, Part>(s, c0, last);
  }
  if (s.values != nullptr) return spmm_sum<Vectors, kValue, Part>(s, c0, last);
  if (s.col_scale != nullptr) return spmm_sum<Vectors, kColumn, Part>(s, c0, last);
  return spmm_sum<Vectors, kUnit, Part>(s, c0, last);
}

template <int Vectors>
static void spmm_dispatch(const SpmmArgs& s, int64_t c0, int vectors, int last) {
  if (vectors == Vectors) {
    if (last == kWidth) return spmm_chunk<Vectors, false>(s, c0, last);
    return spmm_chunk<Vectors, true>(s, c0, last);
  }
  if constexpr (Vectors > 1) spmm_dispatch<Vectors - 1>(s, c0, vectors, last);
}

static void spmm(const SpmmArgs& s) {
  constexpr int64_t widest = kChunkVectors * kWidth;
  for (int64_t c0 = 0; c0 < s.n; c0 += widest) {
    const int64_t columns = s.n - c0 < widest ? s.n - c0 : widest;
    const int vectors = (int)((columns + kWidth - 1) / kWidth);
    spmm_dispatch<kChunkVectors>(s, c0, vectors, (int)(columns - (vectors - 1) * kWidth));
  }
}
