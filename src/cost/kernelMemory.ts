// What the CUDA kernels need beside an operator's operands: work lists of sparse matrices, which are
// resident and shared, and scratch in the arena. Exact, and from shapes alone; the formulas are those
// of kernels/ (gemm_workspace_bytes, spmm_workspace_bytes, gat_workspace_bytes), which the native
// device compares with what it was given before it starts a kernel.
import type {
  AggGemmOp,
  GatOp,
  GatV2Op,
  GemmOp,
  KernelMemory,
  Op,
  Operand,
  SpmmOp,
} from "../model/Op.ts"
import type { ResidentRole, ResidentSlot } from "../model/Resident.ts"
import { rowWorkBounds } from "../model/rowWork.ts"

const [tileRows, tileColumns, tileDepth] = [128, 64, 16] as const
const shortestPart = 256
const wantedBlocks = 132

/** Parts of a product cut along k: what a tall, narrow output needs to fill a device. */
export const gemmParts = (m: number, k: number, n: number): number => {
  const tiles = Math.ceil(m / tileRows) * Math.ceil(n / tileColumns)
  const wanted = tiles === 0 ? 1 : Math.floor(wantedBlocks / tiles)
  const parts = Math.min(wanted, Math.floor(k / shortestPart))
  if (parts <= 1) return 1
  const depth = Math.ceil(Math.ceil(k / parts) / tileDepth) * tileDepth
  return Math.ceil(k / depth)
}

/** Floats of scratch: the partial products of more than one part. */
const gemmScratch = ({ m, k, n }: GemmOp): number => {
  const parts = gemmParts(m, k, n)
  return parts === 1 ? 0 : parts * m * n
}

const padded = (columns: number): number => Math.ceil(columns / 4) * 4

/** A row of partial sums for each segment, and how many of its edges counted. */
const aggregateScratch = (m: number, nnz: number, columns: number): number =>
  rowWorkBounds(m, nnz).segments * (padded(columns) + 1)

/** A row of partial sums for each segment, and the softmax state of each head. */
const gatScratch = ({ m, nnz, heads, headWidth }: GatOp | GatV2Op): number =>
  rowWorkBounds(m, nnz).segments * (padded(heads * headWidth) + 2 * heads)

/** Words of scratch that the kernel of `op` needs; 0 for none. */
export const scratchWords = (op: Op): number => {
  switch (op.kind) {
    case "gemm":
      return gemmScratch(op)
    case "spmm":
      return aggregateScratch(op.m, op.nnz, op.n)
    case "aggGemm":
      return aggregateScratch(op.m, op.nnz, op.k)
    case "gat":
    case "gatv2":
      return gatScratch(op)
    default:
      return 0
  }
}

/** Where the memory comes from: a plan in the making. */
interface MemorySource {
  readonly residents: ReadonlyArray<ResidentSlot>
  readonly resident: (role: ResidentRole, bytes: number) => Operand
  readonly matrix: (name: string, rows: number, cols: number) => { readonly at: Operand }
}

/** The matrices of graphs and of features have a list each. */
const rowWorkRole = (draft: MemorySource, rowOffsets: Operand): ResidentRole =>
  draft.residents[rowOffsets.slot]!.role === "x.rowOffsets" ? "x.rowWork" : "graph.rowWork"

/** Operators whose kernels walk the work list of a CSR matrix. */
export const isSparse = (op: Op): op is SpmmOp | AggGemmOp | GatOp | GatV2Op =>
  op.kind === "spmm" || op.kind === "aggGemm" || op.kind === "gat" || op.kind === "gatv2"

const rowWorkOf = (draft: MemorySource, op: Op): KernelMemory["rowWork"] => {
  if (!isSparse(op)) return null
  const { words } = rowWorkBounds(op.m, op.nnz)
  return { at: draft.resident(rowWorkRole(draft, op.rowOffsets), words * 4), words }
}

const scratchOf = (draft: MemorySource, op: Op): KernelMemory["scratch"] => {
  const words = scratchWords(op)
  if (words === 0) return null
  return { at: { ...draft.matrix(`${op.name}.scratch`, 1, words).at, ld: 1 }, words }
}

/** The operator with the memory that its CUDA kernel needs. */
export const withKernelMemory = (draft: MemorySource, op: Op): Op => {
  if (op.kind !== "gemm" && !isSparse(op)) return op
  const memory = { rowWork: rowWorkOf(draft, op), scratch: scratchOf(draft, op) }
  return memory.rowWork === null && memory.scratch === null ? op : { ...op, memory }
}
