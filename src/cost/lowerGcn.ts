// GCN layers: y = act(S (A + I) S X W + b) with S = diag(deg^-1/2), computed as S((A + I)(S(XW)))
// or (S((A + I)(SX)))W. The scaling rides in epilogues and column scales; loops are never stored.
import { identityEpilogue } from "../model/Op.ts"
import { fusedLayer } from "./fusedLayer.ts"
import { gcnNormalization } from "./gcnNormalization.ts"
import { aggregate, layerActivation, multiply } from "./lowerSteps.ts"
import type { DenseMatrix, Matrix, PlanDraft } from "./PlanDraft.ts"

export const lowerGcnLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { outWidth } = draft.request.config.layers[layer]
  const name = `l${layer}`
  const weight = draft.weight(`${name}.weight`)
  const epilogue = draft.epilogue(name, layerActivation(draft, layer))
  const { scale, options } = gcnNormalization(draft)

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
  const fused = fusedLayer(draft, {
    name: `${name}.fused`,
    inWidth: x.cols,
    outWidth,
    weight,
    options: { ...options, colScale: scale },
    prepare: () => ({
      x,
      out: draft.matrix(`${name}.out`, x.rows, outWidth),
      epilogue: { ...epilogue, rowScale: scale },
    }),
  })
  return draft.cheapest([gemmFirst, aggregateFirst, ...fused])
}
