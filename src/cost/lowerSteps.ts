// The steps that the lowerings of all networks share: the features as a matrix, products of a dense
// or sparse matrix with weights, the graph as CSR operands, and the activation between layers.
import type { Activation } from "../model/GnnModel.ts"
import type { Epilogue, Operand } from "../model/Op.ts"
import type { DenseMatrix, Matrix, PlanDraft } from "./PlanDraft.ts"

const identity: Activation = { name: "identity", parameter: 0 }

/** The network's input: the resident features as the graph stores them. */
export const features = (draft: PlanDraft): Matrix => {
  const { numNodes: rows, featureWidth: cols, featureNonZeros: nnz } = draft.request.shape
  if (nnz === null) {
    const at = { ...draft.resident("x.dense", rows * cols * 4), ld: cols }
    return { kind: "dense", at, rows, cols }
  }
  return {
    kind: "csr",
    rowOffsets: draft.resident("x.rowOffsets", (rows + 1) * 4),
    colIndices: draft.resident("x.colIndices", nnz * 4),
    values: draft.resident("x.values", nnz * 4),
    rows,
    cols,
    nnz,
  }
}

/** The incoming edges of every node: CSR [N, N]. */
export const adjacency = (
  draft: PlanDraft,
): { readonly rowOffsets: Operand; readonly colIndices: Operand; readonly nnz: number } => {
  const { numNodes, numEdges } = draft.request.shape
  return {
    rowOffsets: draft.resident("graph.rowOffsets", (numNodes + 1) * 4),
    colIndices: draft.resident("graph.colIndices", numEdges * 4),
    nnz: numEdges,
  }
}

/** The activation after layer `layer`; the last layer has none. */
export const layerActivation = (draft: PlanDraft, layer: number): Activation => {
  const { activation, layers } = draft.request.config
  return layer === layers.length - 1 ? identity : activation
}

/**
 * out[m, n] = epilogue(x[m, k] * weights[k, n]): a GEMM, or for sparse x an SpMM over the rows of
 * the weights.
 */
export const multiply = (
  draft: PlanDraft,
  name: string,
  x: Matrix,
  weights: Operand,
  out: DenseMatrix,
  epilogue: Epilogue,
): void => {
  if (x.kind === "dense") {
    draft.push({
      kind: "gemm",
      name,
      m: x.rows,
      k: x.cols,
      n: out.cols,
      a: x.at,
      b: weights,
      c: out.at,
      epilogue,
    })
    return
  }
  draft.push({
    kind: "spmm",
    name,
    m: x.rows,
    k: x.cols,
    n: out.cols,
    nnz: x.nnz,
    reduce: "sum",
    rowOffsets: x.rowOffsets,
    colIndices: x.colIndices,
    values: x.values,
    colScale: null,
    skipSelf: false,
    selfCoefficient: 0,
    selfWeight: null,
    x: weights,
    y: out.at,
    epilogue,
  })
}

/** Sparse features written out as a dense matrix, where an operator cannot read them sparse. */
export const densify = (draft: PlanDraft, name: string, x: Matrix): DenseMatrix => {
  if (x.kind === "dense") return x
  const dense = draft.matrix(name, x.rows, x.cols)
  draft.push({
    kind: "densify",
    name,
    m: x.rows,
    k: x.cols,
    nnz: x.nnz,
    rowOffsets: x.rowOffsets,
    colIndices: x.colIndices,
    values: x.values,
    y: dense.at,
  })
  return dense
}

/** How neighbours are summed; see SpmmOp for the fields. */
export interface AggregateOptions {
  readonly reduce: "sum" | "mean" | "max"
  readonly values: Operand | null
  readonly colScale: Operand | null
  readonly skipSelf: boolean
  readonly selfCoefficient: number
  readonly selfWeight: Operand | null
}

export const plainSum: AggregateOptions = {
  reduce: "sum",
  values: null,
  colScale: null,
  skipSelf: false,
  selfCoefficient: 0,
  selfWeight: null,
}

/** out[N, n] = epilogue(reduce over incoming edges of the first n columns of x). */
export const aggregate = (
  draft: PlanDraft,
  name: string,
  x: Operand,
  out: DenseMatrix,
  options: AggregateOptions,
  epilogue: Epilogue,
): void => {
  const m = draft.request.shape.numNodes
  draft.push({
    kind: "spmm",
    name,
    m,
    k: m,
    n: out.cols,
    ...adjacency(draft),
    ...options,
    x,
    y: out.at,
    epilogue,
  })
}
