// GCN layers: y = act(S (A + I) S X W + b) with S = diag(deg^-1/2), computed as S((A + I)(S(XW)))
// or (S((A + I)(SX)))W. The scaling rides in epilogues and column scales; loops are never stored.
import { identityEpilogue, type Operand } from "../model/Op.ts"
import {
  type AggregateOptions,
  aggregate,
  layerActivation,
  multiply,
  plainSum,
} from "./lowerSteps.ts"
import type { DenseMatrix, Matrix, PlanDraft } from "./PlanDraft.ts"

interface Normalization {
  /** deg^-1/2 of each node, or null without normalisation. */
  readonly scale: Operand | null
  readonly options: AggregateOptions
}

/**
 * PyG adds a loop of weight `selfLoopFill` where a node has none, and keeps the weight of one that
 * is there; without edge weights every loop weighs 1, also an "improved" one.
 */
const normalization = (draft: PlanDraft): Normalization => {
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

export const lowerGcnLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { outWidth } = draft.request.config.layers[layer]
  const name = `l${layer}`
  const weight = draft.weight(`${name}.weight`)
  const epilogue = draft.epilogue(name, layerActivation(draft, layer))
  const { scale, options } = normalization(draft)

  const gemmFirst = () => {
    const product = draft.activations(`${name}.product`, x.rows, outWidth)
    multiply(draft, `${name}.multiply`, x, weight, product, {
      ...identityEpilogue,
      rowScale: scale,
    })
    const out = draft.layerOutput(layer, x.rows, outWidth)
    aggregate(draft, `${name}.aggregate`, product.at, out, options, {
      ...epilogue,
      rowScale: scale,
    })
    return out
  }
  if (x.kind === "csr") return gemmFirst()
  const aggregateFirst = () => {
    const sums = draft.activations(`${name}.sums`, x.rows, x.cols)
    const scaled = { ...options, colScale: scale }
    const atEnd = { ...identityEpilogue, rowScale: scale }
    aggregate(draft, `${name}.aggregate`, x.at, sums, scaled, atEnd)
    const out = draft.layerOutput(layer, x.rows, outWidth)
    multiply(draft, `${name}.multiply`, sums, weight, out, epilogue)
    return out
  }
  return draft.cheapest([gemmFirst, aggregateFirst])
}
