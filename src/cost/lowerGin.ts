// GIN layers: y = act(norm(W_2 act(norm(W_1 ((1 + eps) x + sum of neighbours) + b_1)) + b_2)). The
// first product commutes with the sum, so both orders exist.
import { identityEpilogue } from "../model/Op.ts"
import { fusedLayer } from "./fusedLayer.ts"
import { aggregate, layerActivation, multiply, plainSum } from "./lowerSteps.ts"
import type { DenseMatrix, Matrix, PlanDraft } from "./PlanDraft.ts"

export const lowerGinLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { config, ginEps } = draft.request
  const { outWidth } = config.layers[layer]
  const name = `l${layer}`
  const eps = ginEps?.[layer] ?? config.ginEps
  const options = { ...plainSum, selfCoefficient: 1 + eps }
  const first = draft.weight(`${name}.0.weight`)
  const inner = draft.epilogue(`${name}.0`, config.activation)

  const gemmFirst = () => {
    const product = draft.activations(`${name}.product`, x.rows, outWidth)
    multiply(draft, `${name}.multiply`, x, first, product, identityEpilogue)
    const hidden = draft.activations(`${name}.hidden`, x.rows, outWidth)
    aggregate(draft, `${name}.aggregate`, product.at, hidden, options, inner)
    return hidden
  }
  const aggregateFirst = (dense: DenseMatrix) => {
    const sums = draft.activations(`${name}.sums`, dense.rows, dense.cols)
    aggregate(draft, `${name}.aggregate`, dense.at, sums, options, identityEpilogue)
    const hidden = draft.activations(`${name}.hidden`, dense.rows, outWidth)
    multiply(draft, `${name}.multiply`, sums, first, hidden, inner)
    return hidden
  }
  const fused = (dense: DenseMatrix) =>
    fusedLayer(draft, {
      name: `${name}.fused`,
      inWidth: dense.cols,
      outWidth,
      weight: first,
      options,
      prepare: () => ({
        x: dense,
        out: draft.matrix(`${name}.hidden`, dense.rows, outWidth),
        epilogue: inner,
      }),
    })
  const hidden =
    x.kind === "csr"
      ? gemmFirst()
      : draft.cheapest([gemmFirst, () => aggregateFirst(x), ...fused(x)])

  const out = draft.layerOutput(layer, x.rows, outWidth)
  const outer = draft.epilogue(`${name}.1`, layerActivation(draft, layer))
  multiply(draft, `${name}.mlp`, hidden, draft.weight(`${name}.1.weight`), out, outer)
  return out
}
