// The operators a plan is made of. An operator is plain data: dimensions, operands (where bytes
// lie) and an epilogue; every device executes the same list. All matrices are row-major, and float32 unless said otherwise.
import type { Activation } from "./GnnModel.ts"
import type { Precision, Storage } from "./precision.ts"

/** Bytes in the task's arena (slot -1) or in a resident slot of the plan; `ld` in elements. */
export interface Operand {
  /** -1: the arena; >= 0: index into `plan.residents`. */
  readonly slot: number
  /** Bytes from the start of the arena or of the resident object. A multiple of the element's. */
  readonly offset: number
  /** Leading dimension (elements from one row to the next); 1 for vectors. */
  readonly ld: number
  /** Of the elements of an activation; float32 when left out. */
  readonly storage?: Storage
}

/**
 * What happens to an accumulated row before it is stored, in this order:
 * `v = acc * rowScale[r]; v += addend[r, c]; v += bias[c]; v = v * scale[c] + shift[c]` (unless
 * `affineAfterActivation`)`; v = act(v); v = v * scale[c] + shift[c]` (if `affineAfterActivation`).
 */
export interface Epilogue {
  /** float32 [m] */
  readonly rowScale: Operand | null
  /** float32 [m, n]; may be the output itself (accumulate in place). */
  readonly addend: Operand | null
  /** float32 [n] */
  readonly bias: Operand | null
  /** float32 [n] each: a BatchNorm that could not be folded into weights. */
  readonly affine: { readonly scale: Operand; readonly shift: Operand } | null
  readonly affineAfterActivation: boolean
  readonly activation: Activation
}

export const identityEpilogue: Epilogue = {
  rowScale: null,
  addend: null,
  bias: null,
  affine: null,
  affineAfterActivation: false,
  activation: { name: "identity", parameter: 0 },
}

/** A contiguous range of 4-byte words. */
export interface WordRange {
  readonly at: Operand
  readonly words: number
}

/** What a device's kernel needs beside the operands; operators of plans for the CPU have none. */
export interface KernelMemory {
  /** int32: the work list of the operator's CSR matrix, see rowWork.ts. Resident. */
  readonly rowWork: WordRange | null
  /** In the arena, for partial results; nothing of it is read before it is written. */
  readonly scratch: WordRange | null
}

/** c[m, n] = epilogue(a[m, k] * b[k, n]) */
export interface GemmOp {
  readonly kind: "gemm"
  readonly name: string
  readonly m: number
  readonly k: number
  readonly n: number
  readonly a: Operand
  readonly b: Operand
  readonly c: Operand
  readonly epilogue: Epilogue
  /** What the factors are rounded to; products at float32 grade when left out. */
  readonly products?: Exclude<Precision, "fp32">
  readonly memory?: KernelMemory
}

/**
 * y[r, :] = epilogue(reduce over edges e of row r: value[e] * colScale[col[e]] * x[col[e], :], plus
 * the self term). CSR is [m, k]; x is [k, n]. `reduce: "mean"` divides by the number of edges of
 * the row (1 if none), "max" of no edge is 0; max takes neither values nor scales nor a self term.
 * With `skipSelf`, edges with col == r do not count. Self term: `selfCoefficient * colScale[r] *
 * (selfWeight ? selfWeight[r] : 1) * x[r, :]`, none when `selfCoefficient` is 0 (then m == k is not
 * required). A sparse input matrix times weights is this operator too (x = weights).
 */
export interface SpmmOp {
  readonly kind: "spmm"
  readonly name: string
  readonly m: number
  readonly k: number
  readonly n: number
  readonly nnz: number
  readonly reduce: "sum" | "mean" | "max"
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  /** float32 [nnz] or null: all ones */
  readonly values: Operand | null
  /** float32 [k] or null */
  readonly colScale: Operand | null
  readonly skipSelf: boolean
  readonly selfCoefficient: number
  /** float32 [m] or null */
  readonly selfWeight: Operand | null
  readonly x: Operand
  readonly y: Operand
  readonly epilogue: Epilogue
  readonly memory?: KernelMemory
}

/**
 * y[m, n] = epilogue(s * b[k, n]) with s[m, k] the aggregation of SpmmOp over a CSR [m, m] and x[m, k]:
 * one kernel of the cuda device, whose plans alone have it. Sums and means of at most `widestFused`
 * columns.
 */
export interface AggGemmOp {
  readonly kind: "aggGemm"
  readonly name: string
  readonly m: number
  readonly k: number
  readonly n: number
  readonly nnz: number
  readonly reduce: "sum" | "mean"
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  /** As of SpmmOp. */
  readonly values: Operand | null
  readonly colScale: Operand | null
  readonly skipSelf: boolean
  readonly selfCoefficient: number
  readonly selfWeight: Operand | null
  readonly x: Operand
  readonly b: Operand
  readonly y: Operand
  readonly epilogue: Epilogue
  readonly memory?: KernelMemory
}

/** Columns that a block of the fused kernel keeps of each aggregated row. */
export const widestFused = 128

/**
 * Attention over incoming edges with an online softmax, per head h:
 * logit(e) = leakyRelu(scoreSrc[col[e], h] + scoreDst[r, h]); y[r, h, :] = sum softmax * x[col, h, :].
 * With `selfLoops`, stored loops are skipped and each node has exactly one. A row without edges
 * gives 0. Heads are concatenated to n = heads * headWidth columns, or averaged to n = headWidth.
 */
export interface GatOp {
  readonly kind: "gat"
  readonly name: string
  readonly m: number
  readonly nnz: number
  readonly heads: number
  readonly headWidth: number
  readonly concat: boolean
  readonly selfLoops: boolean
  readonly negativeSlope: number
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  /** float32 [m, heads * headWidth] */
  readonly x: Operand
  /** float32 [m, heads] each */
  readonly scoreSrc: Operand
  readonly scoreDst: Operand
  readonly y: Operand
  readonly epilogue: Epilogue
  readonly memory?: KernelMemory
}

/**
 * GATv2's attention: as GatOp, but with logit(e) = sum over c of att[h, c] * leakyRelu(x[col[e], h, c] +
 * target[r, h, c]). `target` may be `x`.
 */
export interface GatV2Op {
  readonly kind: "gatv2"
  readonly name: string
  readonly m: number
  readonly nnz: number
  readonly heads: number
  readonly headWidth: number
  readonly concat: boolean
  readonly selfLoops: boolean
  readonly negativeSlope: number
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  /** float32 [m, heads * headWidth] each */
  readonly x: Operand
  readonly target: Operand
  /** float32 [heads * headWidth] */
  readonly att: Operand
  readonly y: Operand
  readonly epilogue: Epilogue
  readonly memory?: KernelMemory
}

/** y[m, k] = the CSR matrix as a dense one (duplicates add up). */
export interface DensifyOp {
  readonly kind: "densify"
  readonly name: string
  readonly m: number
  readonly k: number
  readonly nnz: number
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  readonly values: Operand
  readonly y: Operand
}

/** y[r, :] = epilogue(l2 ? x[r, :] / max(||x[r, :]||, 1e-12) : x[r, :]); y may be x. */
export interface RowwiseOp {
  readonly kind: "rowwise"
  readonly name: string
  readonly m: number
  readonly n: number
  readonly l2: boolean
  readonly x: Operand
  readonly y: Operand
  readonly epilogue: Epilogue
}

/** y[g, :] = reduce of x[offsets[g] … offsets[g+1]-1, :]; an empty graph gives 0. x is [m, n]. */
export interface ReadoutOp {
  readonly kind: "readout"
  readonly name: string
  readonly graphs: number
  readonly m: number
  readonly n: number
  readonly reduce: "sum" | "mean" | "max"
  readonly graphOffsets: Operand
  readonly x: Operand
  readonly y: Operand
}

/** y[i, :] = x[rows[i], :] for i < count; x is [m, n]. */
export interface GatherOp {
  readonly kind: "gather"
  readonly name: string
  readonly count: number
  readonly m: number
  readonly n: number
  readonly rows: Operand
  readonly x: Operand
  readonly y: Operand
}

/** y[r, :] = x[r, :] - log(sum(exp(x[r, :]))); y may be x. */
export interface LogSoftmaxOp {
  readonly kind: "logSoftmax"
  readonly name: string
  readonly m: number
  readonly n: number
  readonly x: Operand
  readonly y: Operand
}

/**
 * y[m, n] = x[m, n], to or from a slot in host memory, or within the arena. It alone may touch host
 * slots; `link` says whether the host is involved.
 */
export interface CopyOp {
  readonly kind: "copy"
  readonly name: string
  readonly link: "load" | "store" | "within"
  readonly m: number
  readonly n: number
  readonly x: Operand
  readonly y: Operand
}

export type Op =
  | GemmOp
  | SpmmOp
  | AggGemmOp
  | GatOp
  | GatV2Op
  | DensifyOp
  | RowwiseOp
  | ReadoutOp
  | GatherOp
  | LogSoftmaxOp
  | CopyOp
export type OpKind = Op["kind"]
