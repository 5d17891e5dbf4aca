// What bench/gpu/gpu_bench writes, and what is reckoned from it.

export interface Spread {
  readonly medianUs: number
  readonly p10Us: number
  readonly p90Us: number
  readonly samples: number
}

export interface GpuCandidate {
  readonly name: string
  readonly workspaceBytes: number
  readonly problem: string | null
  readonly error: number | null
  readonly hot: Spread | null
  readonly cold: Spread | null
}

export interface GpuRow {
  readonly kind: "spmm" | "gemm" | "gat" | "layer"
  readonly graph: string
  readonly type: string
  readonly m: number
  readonly k: number
  readonly n: number
  readonly nnz: number
  readonly bounds: {
    readonly compulsoryUs: number
    readonly l2Us: number
    readonly noReuseUs: number
  } | null
  readonly planMs: number | null
  readonly operandBytes: number
  readonly candidates: ReadonlyArray<GpuCandidate>
}

export interface GpuResult {
  readonly bench: "gpu"
  readonly emulated: boolean
  readonly date: string
  readonly command: string
  readonly gpu: { readonly name: string; readonly computeCapability: string; readonly cuda: string }
  readonly ceilings: {
    readonly copyBytesPerSecond: number
    readonly l2GatherBytesPerSecond: number
    readonly launchUs: number
  } | null
  readonly rows: ReadonlyArray<GpuRow>
}

/** An operand that stays in the L2 between two layers is timed hot, a larger one cold (R2, appendix B). */
const hotBytes = 40e6

/** The median that counts for the row; null where there is none. */
export const timeOf = (row: GpuRow, candidate: GpuCandidate): number | null => {
  if (candidate.problem !== null) return null
  const operand = 4 * row.m * row.n
  const spread = operand < hotBytes ? candidate.hot : (candidate.cold ?? candidate.hot)
  return spread?.medianUs ?? null
}

export const timeByName = (row: GpuRow, name: string): number | null => {
  const candidate = row.candidates.find((it) => it.name === name)
  return candidate === undefined ? null : timeOf(row, candidate)
}

/** The least time of those whose name begins so. */
export const bestOf = (row: GpuRow, prefix: string): number | null =>
  row.candidates
    .filter(({ name }) => name.startsWith(prefix))
    .map((candidate) => timeOf(row, candidate))
    .reduce((best, us) => (us !== null && (best === null || us < best) ? us : best), null)

export const over = (theirs: number | null, ours: number | null): number | null =>
  theirs === null || ours === null ? null : theirs / ours
