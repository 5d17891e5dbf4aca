// The odd shapes every kernel must get right: one table for the correctness tests and the benches.
// All of it is generated from seeds; nothing here depends on a device.

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Roughly normal numbers, rounded to float32. */
export const randomFloats = (seed: number, length: number): Float32Array => {
  const random = seededRandom(seed)
  return Float32Array.from({ length }, () => (random() + random() + random() - 1.5) * 1.6)
}

export interface CsrCase {
  readonly name: string
  readonly m: number
  readonly k: number
  readonly rowOffsets: Int32Array
  readonly colIndices: Int32Array
}

/** A CSR matrix from the column lists of its rows. */
export const csrOf = (
  name: string,
  k: number,
  rows: ReadonlyArray<ReadonlyArray<number>>,
): CsrCase => {
  const rowOffsets = new Int32Array(rows.length + 1)
  rows.forEach((row, r) => {
    rowOffsets[r + 1] = rowOffsets[r]! + row.length
  })
  return { name, m: rows.length, k, rowOffsets, colIndices: Int32Array.from(rows.flat()) }
}

const randomRows = (
  seed: number,
  m: number,
  k: number,
  degree: (r: number, random: () => number) => number,
): Array<Array<number>> => {
  const random = seededRandom(seed)
  return Array.from({ length: m }, (_, r) =>
    Array.from({ length: degree(r, random) }, () => Math.floor(random() * k)),
  )
}

/** Square matrices: graphs with themselves as sources. */
export const graphCases: ReadonlyArray<CsrCase> = [
  csrOf("no node", 0, []),
  csrOf("one node without edges", 1, [[]]),
  csrOf("one node with a self loop", 1, [[0]]),
  csrOf("nodes without edges", 5, [[], [], [], [], []]),
  csrOf("empty rows first, between and last", 7, [[], [1, 2], [], [], [0, 6, 3], [4], []]),
  csrOf("one dense row", 70, [Array.from({ length: 70 }, (_, i) => i), ...Array(69).fill([])]),
  csrOf("duplicate edges and self loops", 6, [
    [0, 0, 1, 1, 1],
    [1],
    [3, 2, 2, 3],
    [5, 5],
    [],
    [5, 0, 5],
  ]),
  csrOf(
    "random, degree 0 to 9",
    61,
    randomRows(11, 61, 61, (_, u) => Math.floor(u() * 10)),
  ),
  csrOf(
    "rows of 63, 64, 65, 128 and 129 edges",
    40,
    randomRows(12, 40, 40, (r) => [63, 64, 65, 128, 129][r] ?? 1),
  ),
  csrOf(
    "power law with a hub of 5,000",
    300,
    randomRows(13, 300, 300, (r) => Math.floor(5000 / (r + 1) ** 1.5)),
  ),
]

/** Matrices with fewer or more columns than rows: sampled blocks, sparse features. */
export const rectangleCases: ReadonlyArray<CsrCase> = [
  csrOf(
    "3 rows of 50 columns",
    50,
    randomRows(21, 3, 50, () => 12),
  ),
  csrOf(
    "50 rows of 3 columns",
    3,
    randomRows(22, 50, 3, (_, u) => Math.floor(u() * 4)),
  ),
  csrOf("one row, no entry", 9, [[]]),
]

/** Around the vector widths 4, 8, 16 and the chunks of 8 vectors of each. */
export const widths: ReadonlyArray<number> = [
  1, 3, 4, 7, 16, 17, 31, 32, 33, 63, 64, 65, 100, 128, 130, 257,
]

/** [m, k, n] */
export const gemmShapes: ReadonlyArray<readonly [number, number, number]> = [
  [0, 5, 3],
  [5, 0, 3],
  [5, 3, 0],
  [1, 1, 1],
  [1, 3703, 6],
  [13, 1433, 16],
  [97, 130, 64],
  [96, 128, 64],
  [95, 127, 63],
  [7, 5, 65],
  [100, 33, 130],
  [12, 257, 17],
  [6, 64, 256],
  [193, 7, 1],
  [3, 300, 100],
  ...widths.map((n) => [17, 19, n] as const),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 23].map((m) => [m, 9, 33] as const),
]

/** [heads, headWidth] */
export const headShapes: ReadonlyArray<readonly [number, number]> = [
  [1, 1],
  [1, 16],
  [1, 47],
  [2, 3],
  [8, 8],
  [4, 16],
  [3, 32],
  [6, 21],
  [4, 64],
  [16, 1],
  [64, 5],
  [1, 257],
]
