// The variant of a layer in which a GPU aggregates and multiplies in one kernel, where it has one: the
// aggregated rows stay in shared memory, so that a layer moves its input and its output alone.
import { type AggGemmOp, type Epilogue, type Operand, widestFused } from "../model/Op.ts"
import { type AggregateOptions, adjacency } from "./lowerSteps.ts"
import type { DenseMatrix, PlanDraft } from "./PlanDraft.ts"

/**
 * Edges a node, on average, up to which the kernel is taken. Beyond, gathers are all the time of a layer
 * either way, and the kernel that does nothing else has more of them under way.
 */
const mostEdgesPerNode = 32

export interface FusedLayer {
  readonly name: string
  readonly inWidth: number
  readonly outWidth: number
  readonly weight: Operand
  readonly options: AggregateOptions
  /** Emits what comes before; answers the operands. */
  readonly prepare: () => {
    readonly x: DenseMatrix
    readonly out: DenseMatrix
    readonly epilogue: Epilogue
  }
}

type Fusable = AggregateOptions & Pick<AggGemmOp, "reduce">

const fusable = (options: AggregateOptions): options is Fusable => options.reduce !== "max"

const fits = ({ request }: PlanDraft, { inWidth, outWidth }: FusedLayer): boolean => {
  const { numNodes, numEdges } = request.shape
  return (
    request.profile.kernels === "cuda" &&
    // The kernel knows float32 alone.
    (request.profile.precision ?? "fp32") === "fp32" &&
    inWidth <= widestFused &&
    outWidth <= widestFused &&
    // A narrow output is better multiplied first: its gathers are narrower, too.
    inWidth <= 2 * outWidth &&
    numEdges <= mostEdgesPerNode * numNodes
  )
}

/** For `cheapest`: the variant, or none. */
export const fusedLayer = (
  draft: PlanDraft,
  layer: FusedLayer,
): ReadonlyArray<() => DenseMatrix> => {
  const { name, weight: b, options, inWidth: k, outWidth: n } = layer
  if (!fusable(options) || !fits(draft, layer)) return []
  const emit = () => {
    const { x, out, epilogue } = layer.prepare()
    const operands = { ...adjacency(draft), ...options, x: x.at, b, y: out.at, epilogue }
    draft.push({ kind: "aggGemm", name, m: x.rows, k, n, ...operands })
    return out
  }
  return [emit]
}
