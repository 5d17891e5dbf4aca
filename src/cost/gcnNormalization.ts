// The propagation matrix that GCN, SGC and APPNP share: S (A + I) S with S = diag(deg^-1/2), or A
// where nothing is normalised. The scaling rides in epilogues and column scales; loops are never
// stored.
import { identityEpilogue, type Operand } from "../model/Op.ts"
import { type AggregateOptions, aggregate, plainSum } from "./lowerSteps.ts"
import type { DenseMatrix, PlanDraft } from "./PlanDraft.ts"

export interface GcnNormalization {
  /** deg^-1/2 of each node, or null without normalisation. */
  readonly scale: Operand | null
  readonly options: AggregateOptions
}

/**
 * PyG adds a loop of weight `selfLoopFill` where a node has none, and keeps the weight of one that
 * is there; without edge weights every loop weighs 1, also an "improved" one.
 */
export const gcnNormalization = (draft: PlanDraft): GcnNormalization => {
  const { config, shape } = draft.request
  const values = shape.hasEdgeWeight ? draft.resident("graph.edgeWeight", shape.numEdges * 4) : null
  if (!config.gcnNormalize) return { scale: null, options: { ...plainSum, values } }
  const nodeBytes = shape.numNodes * 4
  if (!config.addSelfLoops) {
    const scale = draft.resident("gcn.scale@0", nodeBytes)
    return { scale, options: { ...plainSum, values } }
  }
  const fill = shape.hasEdgeWeight ? config.selfLoopFill : 1
  return {
    scale: draft.resident(`gcn.scale@${fill}`, nodeBytes),
    options: {
      ...plainSum,
      values,
      skipSelf: true,
      selfCoefficient: 1,
      selfWeight: shape.hasEdgeWeight ? draft.resident(`gcn.selfWeight@${fill}`, nodeBytes) : null,
    },
  }
}

/** out = epilogue(the propagation matrix times x); what `epilogue` adds comes after the scaling. */
export const propagate = (
  draft: PlanDraft,
  name: string,
  x: DenseMatrix,
  epilogue = identityEpilogue,
): DenseMatrix => {
  const { scale, options } = gcnNormalization(draft)
  const out = draft.matrix(`${name}.out`, x.rows, x.cols)
  const scaled = { ...options, colScale: scale }
  aggregate(draft, name, x.at, out, scaled, { ...epilogue, rowScale: scale })
  return out
}
