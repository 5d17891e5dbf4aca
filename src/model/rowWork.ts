// The work list of a CSR matrix on a GPU: its rows cut into units of similar cost. Light rows go into
// bundles of consecutive rows, a heavy row is cut into segments of its edges whose partial results are
// added in their order. How long the lists can become follows from shapes alone, so that a plan knows
// their bytes before any edge is read. kernels/spmm/spmm_plan.h has the same numbers.

/** Segments of all heavy rows together are bounded by 1.5 times this many. */
const wantedSegments = 16_384
/** Long enough that a partial row is under one percent of the rows it sums. */
const shortestSegment = 128
/** A row costs this many edges beside its own: offsets, epilogue, one store. */
const rowCost = 2
const [smallestBundle, largestBundle] = [16, 64] as const
/** Bundles wanted, for small graphs: 132 multiprocessors with 16 groups of lanes each. */
const wantedUnits = 132 * 16

/** Words of the header: numbers of bundles, segments and heavy rows, and one unused. */
export const rowWorkHeader = 4

/** Edges of a segment; a row of twice as many is heavy. */
export const segmentEdges = (nnz: number): number =>
  Math.max(shortestSegment, Math.ceil(nnz / wantedSegments))

const bundleBudget = (rows: number, nnz: number): number => {
  const wanted = Math.floor((nnz + rowCost * rows) / wantedUnits)
  return Math.min(largestBundle, Math.max(smallestBundle, wanted))
}

export interface RowWorkBounds {
  readonly bundles: number
  readonly segments: number
  readonly heavy: number
  /** int32 words: the header, 4 per segment, 4 per heavy row, 2 per bundle. */
  readonly words: number
}

/** Two bundles side by side cost more than one may; a heavy row has 2 segments' edges at least. */
export const rowWorkBounds = (rows: number, nnz: number): RowWorkBounds => {
  const edges = segmentEdges(nnz)
  const heavy = Math.floor(nnz / (2 * edges))
  const segments = Math.floor((3 * nnz) / (2 * edges))
  const pairs = Math.floor((2 * (nnz + rowCost * rows)) / bundleBudget(rows, nnz))
  const bundles = Math.min(rows, pairs + heavy + 2)
  return { bundles, segments, heavy, words: rowWorkHeader + 4 * segments + 4 * heavy + 2 * bundles }
}

/**
 * The list, in as many words as `rowWorkBounds` says: header, segments (row, first edge, end edge, 0),
 * heavy rows (row, first segment, segments, 0), bundles (first row, end row); what is left is 0.
 */
export const fillRowWork = (rowOffsets: Int32Array, into: Int32Array): void => {
  const rows = rowOffsets.length - 1
  const nnz = rowOffsets[rows]!
  const bounds = rowWorkBounds(rows, nnz)
  const edges = segmentEdges(nnz)
  const budget = bundleBudget(rows, nnz)
  const segmentsAt = rowWorkHeader
  const heavyAt = segmentsAt + 4 * bounds.segments
  const bundlesAt = heavyAt + 4 * bounds.heavy
  let [bundles, segments, heavy] = [0, 0, 0]
  let [first, cost] = [0, 0]
  const close = (end: number, next: number) => {
    if (end > first) {
      into[bundlesAt + 2 * bundles] = first
      into[bundlesAt + 2 * bundles++ + 1] = end
    }
    first = next
    cost = 0
  }
  for (let row = 0; row < rows; row++) {
    const begin = rowOffsets[row]!
    const end = rowOffsets[row + 1]!
    if (end - begin >= 2 * edges) {
      close(row, row + 1)
      const firstSegment = segments
      for (let edge = begin; edge < end; edge += edges) {
        into.set([row, edge, Math.min(end, edge + edges), 0], segmentsAt + 4 * segments++)
      }
      into.set([row, firstSegment, segments - firstSegment, 0], heavyAt + 4 * heavy++)
      continue
    }
    const own = end - begin + rowCost
    if (cost > 0 && cost + own > budget) close(row, row)
    cost += own
  }
  close(rows, rows)
  into.set([bundles, segments, heavy, 0])
}
