// y[r, h, :] = sum over incoming edges of softmax_e(leakyRelu(src[col, h] + dst[r, h])) * x[col, h, :],
// for GATv2 with the logits att[h] . leakyRelu(x[col, h] + target[r, h])
//
// Edges go in chunks of kGatEdges. Phase one runs the online softmax over the chunks (largest logit
// and denominator per head); phase two gathers with the final weights. A row of one chunk, the
// usual case, keeps its weights from phase one; a hub computes them again, which costs one exp per
// edge and head instead of rescaling the whole row of sums at each chunk. Nothing of size edges x
// heads is ever stored.

constexpr int kGatEdges = 64;

struct GatChunk {
  int32_t cols[kGatEdges];
  int count;
  // [heads, kGatEdges]: one head's logits side by side, then its exponentials
  alignas(64) float logits[kMaxHeads * kGatEdges];
  // [count, heads], and room to load a whole vector behind the last weight
  alignas(64) float weights[kGatEdges * kMaxHeads + kWidth];
  // which head each lane of each vector of columns belongs to, for the columns from `from`
  int64_t from;
  int32_t head[kChunkVectors];
  alignas(64) int32_t lane_head[kChunkVectors][kWidth];  // relative to head[j]
};

// How heads lie over the columns of the output.
enum GatLayout {
  kMean,     // all heads onto the same columns
  kAligned,  // side by side, a vector lies in one head
  kMixed     // side by side, a vector may span heads
};

// The next chunk of row r's edges: stored loops left out, the one self loop behind the last edge.
GNN_CALL void gat_collect(const GatArgs& g, int64_t r, int64_t& e, bool& loop, GatChunk& chunk) {
  const int64_t end = g.row_offsets[r + 1];
  int count = 0;
  for (; e < end && count < kGatEdges; e++) {
    const int32_t col = g.col_indices[e];
    if (!g.self_loops || col != r) chunk.cols[count++] = col;
  }
  if (e == end && loop && count < kGatEdges) {
    chunk.cols[count++] = (int32_t)r;
    loop = false;
  }
  chunk.count = count;
}

// One GATv2 logit: sum of att[c] * leakyRelu(from[c] + to[c]) over a head's columns.
GNN_INLINE float gatv2_logit(const float* att, const float* from, const float* to, int64_t columns,
                             vf slope) {
  const auto term = [&](vf a, vf v) { return a * (v > splat(0.0f) ? v : v * slope); };
  vf sum = splat(0.0f);
  int64_t c = 0;
  for (; c + kWidth <= columns; c += kWidth) {
    sum += term(load(att + c), load(from + c) + load(to + c));
  }
  if (c < columns) {
    const int count = (int)(columns - c);
    const vf v = load_part(from + c, count) + load_part(to + c, count);
    sum += term(load_part(att + c, count), v);
  }
  return sum_lanes(sum);
}

// As gat_logits, from the rows themselves.
GNN_CALL void gatv2_logits(const GatArgs& g, int64_t r, GatChunk& chunk) {
  const vf slope = splat(g.negative_slope);
  const float* to = g.score_dst + r * g.ld_dst;
  for (int i = 0; i < chunk.count; i++) {
    if (i + 4 < chunk.count) {
      prefetch_row(g.x + chunk.cols[i + 4] * g.ldx, g.heads * g.head_width);
    }
    const float* from = g.x + chunk.cols[i] * g.ldx;
    for (int64_t h = 0; h < g.heads; h++) {
      const int64_t c = h * g.head_width;
      chunk.logits[h * kGatEdges + i] =
          gatv2_logit(g.att + c, from + c, to + c, g.head_width, slope);
    }
  }
  const int whole = (chunk.count + kWidth - 1) / kWidth * kWidth;
  for (int64_t h = 0; h < g.heads; h++) {
    for (int i = chunk.count; i < whole; i++) chunk.logits[h * kGatEdges + i] = -__builtin_inff();
  }
}

// The chunk's logits; -inf behind the last edge, up to a whole vector.
GNN_CALL void gat_logits(const GatArgs& g, int64_t r, GatChunk& chunk) {
  if (g.att != nullptr) return gatv2_logits(g, r, chunk);
  for (int i = 0; i < chunk.count; i++) {
    const float* src = g.score_src + chunk.cols[i] * g.ld_src;
    for (int64_t h = 0; h < g.heads; h++) chunk.logits[h * kGatEdges + i] = src[h];
  }
  const vf slope = splat(g.negative_slope), low = splat(-__builtin_inff());
  for (int64_t h = 0; h < g.heads; h++) {
    const vf dst = splat(g.score_dst[r * g.ld_dst + h]);
    float* row = chunk.logits + h * kGatEdges;
    for (int i = 0; i < chunk.count; i += kWidth) {
      vf v = load(row + i) + dst;
      v = v > splat(0.0f) ? v : v * slope;
      store(row + i, lane_numbers() < chunk.count - i ? v : low);
    }
  }
}

// exp(logits - largest) of one head, in place; returns their sum. Where there was nothing but -inf
// so far, weights are 0, not exp(-inf + inf).
GNN_INLINE float gat_exponentials(float* row, int count, float largest) {
  const vf shift = splat(largest == -__builtin_inff() ? 0.0f : largest);
  vf sum = splat(0.0f);
  for (int i = 0; i < count; i += kWidth) {
    const vf v = vexp(load(row + i) - shift);
    store(row + i, v);
    sum += v;
  }
  return sum_lanes(sum);
}

// One step of the online softmax: largest logit and denominator per head take in the chunk.
GNN_CALL void gat_absorb(const GatArgs& g, float* largest, float* denominator, GatChunk& chunk) {
  for (int64_t h = 0; h < g.heads; h++) {
    float* row = chunk.logits + h * kGatEdges;
    vf best = splat(largest[h]);
    for (int i = 0; i < chunk.count; i += kWidth) {
      const vf v = load(row + i);
      best = v > best ? v : best;
    }
    const float old = largest[h];
    largest[h] = max_lanes(best);
    float sum = gat_exponentials(row, chunk.count, largest[h]);
    if (denominator[h] != 0.0f) sum += denominator[h] * vexp(splat(old - largest[h]))[0];
    denominator[h] = sum;
  }
}

// weights[edge, head] = factor[head] * exponentials[head, edge]
GNN_CALL void gat_normalise(const GatArgs& g, const float* factor, GatChunk& chunk) {
  for (int64_t h = 0; h < g.heads; h++) {
    const float* row = chunk.logits + h * kGatEdges;
    float* to = chunk.weights + h;
    for (int i = 0; i < chunk.count; i++) to[i * g.heads] = row[i] * factor[h];
  }
}

// Divisions are slow: the map from columns to heads is made once per chunk of columns.
GNN_CALL void gat_map_heads(const GatArgs& g, int64_t c0, GatChunk& chunk) {
  if (chunk.from == c0) return;
  chunk.from = c0;
  int64_t own = c0 / g.head_width, inside = c0 % g.head_width;
  for (int j = 0; j < kChunkVectors; j++) {
    const int64_t base = own < g.heads ? own : g.heads - 1;
    chunk.head[j] = (int32_t)base;
    for (int i = 0; i < kWidth; i++) {
      chunk.lane_head[j][i] = (int32_t)((own < g.heads ? own : g.heads - 1) - base);
      if (++inside == g.head_width) {
        inside = 0;
        own++;
      }
    }
  }
}

// total[c0 ..] += weights * x over the chunk, heads side by side.
template <int Vectors, GatLayout Layout, bool Part>
GNN_INLINE void gat_gather_concat(const GatArgs& g, const GatChunk& chunk, int64_t c0, int last,
                                  vf* total) {
  vi lane_head[Vectors];
  vf acc[Vectors];
  GNN_UNROLL
  for (int j = 0; j < Vectors; j++) {
    __builtin_memcpy(&lane_head[j], chunk.lane_head[j], sizeof(vi));
    acc[j] = splat(0.0f);
  }
  const int64_t columns = (Vectors - 1) * kWidth + last;
  for (int i = 0; i < chunk.count; i++) {
    if (i + 8 < chunk.count) prefetch_row(g.x + chunk.cols[i + 8] * g.ldx + c0, columns);
    const float* from = g.x + chunk.cols[i] * g.ldx + c0;
    const float* weights = chunk.weights + i * g.heads;
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) {
      const vf v = j == Vectors - 1 ? load_maybe<Part>(from + j * kWidth, last)
                                    : load(from + j * kWidth);
      if constexpr (Layout == kAligned) {
        acc[j] += splat(weights[chunk.head[j]]) * v;
      } else {
        acc[j] += __builtin_shuffle(load(weights + chunk.head[j]), lane_head[j]) * v;
      }
    }
  }
  GNN_UNROLL
  for (int j = 0; j < Vectors; j++) total[j] += acc[j];
}

// total[c0 ..] += weights * x over the chunk, all heads onto the same columns.
template <int Vectors, bool Part>
GNN_INLINE void gat_gather_mean(const GatArgs& g, const GatChunk& chunk, int64_t c0, int last,
                                vf* total) {
  vf acc[Vectors];
  GNN_UNROLL
  for (int j = 0; j < Vectors; j++) acc[j] = splat(0.0f);
  for (int i = 0; i < chunk.count; i++) {
    for (int64_t h = 0; h < g.heads; h++) {
      const float* from = g.x + chunk.cols[i] * g.ldx + h * g.head_width + c0;
      const vf weight = splat(chunk.weights[i * g.heads + h]);
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) {
        acc[j] += weight * (j == Vectors - 1 ? load_maybe<Part>(from + j * kWidth, last)
                                             : load(from + j * kWidth));
      }
    }
  }
  GNN_UNROLL
  for (int j = 0; j < Vectors; j++) total[j] += acc[j];
}

// A row after phase one: the softmax of its edges, and whether one chunk holds all its weights.
struct GatRow {
  int64_t r;
  bool whole;
  float largest[kMaxHeads], denominator[kMaxHeads], factor[kMaxHeads];
};

// Columns c0 .. of one row, phase two.
template <int Vectors, GatLayout Layout, bool Part>
static void gat_columns(const GatArgs& g, const GatRow& row, int64_t c0, int last,
                        GatChunk& chunk) {
  if constexpr (Layout != kMean) gat_map_heads(g, c0, chunk);
  vf total[Vectors];
  GNN_UNROLL
  for (int j = 0; j < Vectors; j++) total[j] = splat(0.0f);
  int64_t e = g.row_offsets[row.r];
  bool loop = g.self_loops;
  for (;;) {
    if (!row.whole) {
      gat_collect(g, row.r, e, loop, chunk);
      if (chunk.count == 0) break;
      gat_logits(g, row.r, chunk);
      for (int64_t h = 0; h < g.heads; h++) {
        gat_exponentials(chunk.logits + h * kGatEdges, chunk.count, row.largest[h]);
      }
      gat_normalise(g, row.factor, chunk);
    }
    if constexpr (Layout == kMean) {
      gat_gather_mean<Vectors, Part>(g, chunk, c0, last, total);
    } else {
      gat_gather_concat<Vectors, Layout, Part>(g, chunk, c0, last, total);
    }
    if (row.whole) break;
  }
  const RowEpilogue epilogue = row_epilogue(g.epilogue, row.r);
  float* y = g.y + row.r * g.ldy;
  GNN_UNROLL
  for (int j = 0; j < Vectors; j++) {
    if (j == Vectors - 1) {
      finish<Part>(epilogue, total[j], y, c0 + j * kWidth, last);
    } else {
      finish<false>(epilogue, total[j], y, c0 + j * kWidth, kWidth);
    }
  }
}

template <int Vectors, GatLayout Layout>
static void gat_dispatch(const GatArgs& g, const GatRow& row, int64_t c0, int vectors, int last,
                         GatChunk& chunk) {
  if (vectors == Vectors) {
    if (last == kWidth) return gat_columns<Vectors, Layout, false>(g, row, c0, last, chunk);
    return gat_columns<Vectors, Layout, true>(g, row, c0, last, chunk);
  }
  if constexpr (Vectors > 1) gat_dispatch<Vectors - 1, Layout>(g, row, c0, vectors, last, chunk);
}

// Phase one of a row: the softmax's largest logit and denominator per head.
static void gat_softmax(const GatArgs& g, GatRow& row, GatChunk& chunk) {
  for (int64_t h = 0; h < g.heads; h++) {
    row.largest[h] = -__builtin_inff();
    row.denominator[h] = 0.0f;
  }
  int64_t e = g.row_offsets[row.r];
  bool loop = g.self_loops;
  int chunks = 0;
  do {
    gat_collect(g, row.r, e, loop, chunk);
    if (chunk.count == 0) break;
    gat_logits(g, row.r, chunk);
    gat_absorb(g, row.largest, row.denominator, chunk);
    chunks++;
  } while (e < g.row_offsets[row.r + 1] || loop);
  for (int64_t h = 0; h < g.heads; h++) {
    const float heads = g.concat ? 1.0f : (float)g.heads;
    row.factor[h] = 1.0f / (row.denominator[h] * heads);
  }
  // a row without edges keeps its empty chunk and stores the epilogue of 0; when a last, empty
  // chunk followed the first, the weights of the first are gone and phase two makes them again
  row.whole = chunks == 0 || (chunks == 1 && chunk.count > 0);
  if (row.whole) gat_normalise(g, row.factor, chunk);
}

static void gat(const GatArgs& g) {
  const int64_t n = g.concat ? g.heads * g.head_width : g.head_width;
  constexpr int64_t widest = kChunkVectors * kWidth;
  GatChunk chunk;
  __builtin_memset(chunk.weights, 0, sizeof chunk.weights);
  __builtin_memset(chunk.logits, 0, sizeof chunk.logits);
  chunk.from = -1;
  GatRow row;
  for (row.r = 0; row.r < g.m; row.r++) {
    gat_softmax(g, row, chunk);
    for (int64_t c0 = 0; c0 < n; c0 += widest) {
      const int64_t columns = n - c0 < widest ? n - c0 : widest;
      const int vectors = (int)((columns + kWidth - 1) / kWidth);
      const int last = (int)(columns - (vectors - 1) * kWidth);
      if (!g.concat) {
        gat_dispatch<kChunkVectors, kMean>(g, row, c0, vectors, last, chunk);
      } else if (g.head_width % kWidth == 0) {
        gat_dispatch<kChunkVectors, kAligned>(g, row, c0, vectors, last, chunk);
      } else {
        gat_dispatch<kChunkVectors, kMixed>(g, row, c0, vectors, last, chunk);
      }
    }
  }
}
