// GATv2 layers: one product makes what sources send and what targets add to it; the attention
// operator reads both as strided columns of the same matrix. With shared weights they are the same.
import { identityEpilogue } from "../model/Op.ts"
import { gatv2Columns } from "../model/WeightLayout.ts"
import { adjacency, layerActivation, multiply } from "./lowerSteps.ts"
import { columnsFrom, type DenseMatrix, type Matrix, type PlanDraft } from "./PlanDraft.ts"

export const lowerGatV2Layer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { config } = draft.request
  const { heads, headWidth, concat, outWidth } = config.layers[layer]
  const name = `l${layer}`
  const columns = gatv2Columns(heads, headWidth, config.sharedWeights)
  const product = draft.matrix(`${name}.product`, x.rows, columns)
  multiply(draft, `${name}.multiply`, x, draft.weight(`${name}.weight`), product, {
    ...identityEpilogue,
    bias: config.bias ? draft.vector(`${name}.product.bias`) : null,
  })
  const out = draft.matrix(`${name}.out`, x.rows, outWidth)
  draft.push({
    kind: "gatv2",
    name: `${name}.attend`,
    m: x.rows,
    heads,
    headWidth,
    concat,
    selfLoops: config.addSelfLoops,
    negativeSlope: config.negativeSlope,
    ...adjacency(draft),
    x: product.at,
    target: columnsFrom(product.at, config.sharedWeights ? 0 : heads * headWidth),
    att: draft.vector(`${name}.att`),
    y: out.at,
    epilogue: draft.epilogue(name, layerActivation(draft, layer)),
  })
  return out
}
