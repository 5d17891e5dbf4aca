// c[m, n] = epilogue(a[m, k] * b[k, n]), row-major.
//
// A block of kRowBlock rows and up to kMaxVectors vectors of columns accumulates in a buffer on the
// stack (it fits L1 with a K-block of b), so that c is written once and may be the addend. Sums are
// cut at kDepthBlock products: that bounds the rounding error of long sums, too. b is read in place
// where its rows are exactly the tile, else the K-block is packed with zeros behind the last column.

#if GNNSCHED_WIDTH == 16
constexpr int kMaxVectors = 4;                      // 6 x 64: 24 accumulators of 32 registers
constexpr int kTileRows[kMaxVectors + 1] = {0, 12, 12, 8, 6};
constexpr int64_t kDepthBlock = 128;
#else
constexpr int kMaxVectors = 2;                      // 6 x 2 vectors: 12 of 16 registers
constexpr int kTileRows[kMaxVectors + 1] = {0, 8, 6};
constexpr int64_t kDepthBlock = 256;
#endif
constexpr int64_t kRowBlock = 96;

// tile[Rows, Vectors * kWidth] (+)= a[Rows, depth] * b[depth, Vectors * kWidth]
template <int Rows, int Vectors>
static void gemm_tile(int64_t depth, const float* a, int64_t lda, const float* b, int64_t ldb,
                      float* tile, bool first) {
  vf acc[Rows][Vectors];
  GNN_UNROLL
  for (int i = 0; i < Rows; i++) {
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) acc[i][j] = splat(0.0f);
  }
  for (int64_t p = 0; p < depth; p++) {
    vf row[Vectors];
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) row[j] = load(b + p * ldb + j * kWidth);
    GNN_UNROLL
    for (int i = 0; i < Rows; i++) {
      const vf s = splat(a[i * lda + p]);
      GNN_UNROLL
      for (int j = 0; j < Vectors; j++) acc[i][j] += s * row[j];
    }
  }
  GNN_UNROLL
  for (int i = 0; i < Rows; i++) {
    GNN_UNROLL
    for (int j = 0; j < Vectors; j++) {
      float* to = tile + (i * Vectors + j) * kWidth;
      store(to, first ? acc[i][j] : load(to) + acc[i][j]);
    }
  }
}

template <int Vectors, int Rows>
static void gemm_rows(int64_t rows, int64_t depth, const float* a, int64_t lda, const float* b,
                      int64_t ldb, float* tile, bool first) {
  if (rows == Rows) {
    gemm_tile<Rows, Vectors>(depth, a, lda, b, ldb, tile, first);
  } else if constexpr (Rows > 1) {
    gemm_rows<Vectors, Rows - 1>(rows, depth, a, lda, b, ldb, tile, first);
  }
}

static void pack_b(const GemmArgs& g, int64_t p0, int64_t depth, int64_t c0, int64_t columns,
                   int64_t padded, float* to) {
  for (int64_t p = 0; p < depth; p++) {
    const float* from = g.b + (p0 + p) * g.ldb + c0;
    int64_t c = 0;
    for (; c + kWidth <= columns; c += kWidth) store(to + p * padded + c, load(from + c));
    if (c < columns) store(to + p * padded + c, load_part(from + c, (int)(columns - c)));
  }
}

template <int Vectors>
static void gemm_block(const GemmArgs& g, int64_t r0, int64_t rows, int64_t c0, int64_t columns) {
  constexpr int64_t padded = Vectors * kWidth;
  alignas(64) float tile[kRowBlock * padded];
  alignas(64) float packed[kDepthBlock * padded];
  const bool in_place = columns == padded && g.ldb == padded;
  if (g.k == 0) __builtin_memset(tile, 0, (size_t)(rows * padded) * sizeof(float));
  for (int64_t p0 = 0; p0 < g.k; p0 += kDepthBlock) {
    const int64_t depth = g.k - p0 < kDepthBlock ? g.k - p0 : kDepthBlock;
    if (!in_place) pack_b(g, p0, depth, c0, columns, padded, packed);
    const float* b = in_place ? g.b + p0 * g.ldb : packed;
    for (int64_t i = 0; i < rows; i += kTileRows[Vectors]) {
      const int64_t left = rows - i < kTileRows[Vectors] ? rows - i : kTileRows[Vectors];
      gemm_rows<Vectors, kTileRows[Vectors]>(left, depth, g.a + (r0 + i) * g.lda + p0, g.lda, b,
                                             padded, tile + i * padded, p0 == 0);
    }
  }
  for (int64_t i = 0; i < rows; i++) {
    const RowEpilogue row = row_epilogue(g.epilogue, r0 + i);
    float* y = g.c + (r0 + i) * g.ldc;
    int64_t c = 0;
    for (; c + kWidth <= columns; c += kWidth) {
      finish<false>(row, load(tile + i * padded + c), y, c0 + c, kWidth);
    }
    if (c < columns) {
      finish<true>(row, load(tile + i * padded + c), y, c0 + c, (int)(columns - c));
    }
  }
}

static void gemm(const GemmArgs& g) {
  constexpr int64_t widest = kMaxVectors * kWidth;
  for (int64_t r0 = 0; r0 < g.m; r0 += kRowBlock) {
    const int64_t rows = g.m - r0 < kRowBlock ? g.m - r0 : kRowBlock;
    for (int64_t c0 = 0; c0 < g.n; c0 += widest) {
      const int64_t columns = g.n - c0 < widest ? g.n - c0 : widest;
      switch ((columns + kWidth - 1) / kWidth) {
        case 1: gemm_block<1>(g, r0, rows, c0, columns); break;
        case 2: gemm_block<2>(g, r0, rows, c0, columns); break;
#if GNNSCHED_WIDTH == 16
        case 3: gemm_block<3>(g, r0, rows, c0, columns); break;
        default: gemm_block<4>(g, r0, rows, c0, columns); break;
#endif
      }
    }
  }
}
