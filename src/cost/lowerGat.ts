// GAT layers: one product makes the heads' features and their source and target scores, which the
// attention operator reads as strided columns of the same matrix.
import { identityEpilogue } from "../model/Op.ts"
import { gatColumns } from "../model/WeightLayout.ts"
import { adjacency, layerActivation, multiply } from "./lowerSteps.ts"
import { columnsFrom, type DenseMatrix, type Matrix, type PlanDraft } from "./PlanDraft.ts"

export const lowerGatLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { config } = draft.request
  const { heads, headWidth, concat, outWidth } = config.layers[layer]
  const name = `l${layer}`
  const product = draft.matrix(`${name}.product`, x.rows, gatColumns(heads, headWidth))
  const weight = draft.weight(`${name}.weight`)
  multiply(draft, `${name}.multiply`, x, weight, product, identityEpilogue)
  const out = draft.matrix(`${name}.out`, x.rows, outWidth)
  draft.push({
    kind: "gat",
    name: `${name}.attend`,
    m: x.rows,
    heads,
    headWidth,
    concat,
    selfLoops: config.addSelfLoops,
    negativeSlope: config.negativeSlope,
    ...adjacency(draft),
    x: product.at,
    scoreSrc: columnsFrom(product.at, heads * headWidth),
    scoreDst: columnsFrom(product.at, heads * headWidth + heads),
    y: out.at,
    epilogue: draft.epilogue(name, layerActivation(draft, layer)),
  })
  return out
}
