// SGC layers: y = act(norm(P^K X W + b)) with P the propagation matrix of GCN. The product commutes
// with the steps, so the narrower of X and X W is propagated, as far as time says so.
import { identityEpilogue } from "../model/Op.ts"
import { fusedLayer } from "./fusedLayer.ts"
import { gcnNormalization, propagate } from "./gcnNormalization.ts"
import { layerActivation, multiply } from "./lowerSteps.ts"
import type { DenseMatrix, Matrix, PlanDraft } from "./PlanDraft.ts"

export const lowerSgcLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { config } = draft.request
  const { outWidth } = config.layers[layer]
  const { propagations } = config
  const name = `l${layer}`
  const weight = draft.weight(`${name}.weight`)
  const epilogue = draft.epilogue(name, layerActivation(draft, layer))
  const steps = (from: DenseMatrix, count: number, last = identityEpilogue): DenseMatrix => {
    let at = from
    for (let step = 1; step <= count; step++) {
      at = propagate(draft, `${name}.step${step}`, at, step === count ? last : identityEpilogue)
    }
    return at
  }

  const gemmFirst = () => {
    const product = draft.matrix(`${name}.product`, x.rows, outWidth)
    multiply(draft, `${name}.multiply`, x, weight, product, identityEpilogue)
    return steps(product, propagations, epilogue)
  }
  const propagateFirst = (dense: DenseMatrix) => {
    const propagated = steps(dense, propagations)
    const out = draft.matrix(`${name}.out`, dense.rows, outWidth)
    multiply(draft, `${name}.multiply`, propagated, weight, out, epilogue)
    return out
  }
  const lastStepFused = (dense: DenseMatrix) => {
    const { scale, options } = gcnNormalization(draft)
    return fusedLayer(draft, {
      name: `${name}.fused`,
      inWidth: dense.cols,
      outWidth,
      weight,
      options: { ...options, colScale: scale },
      prepare: () => ({
        x: steps(dense, propagations - 1),
        out: draft.matrix(`${name}.out`, dense.rows, outWidth),
        epilogue: { ...epilogue, rowScale: scale },
      }),
    })
  }
  if (x.kind === "csr") return gemmFirst()
  return draft.cheapest([gemmFirst, () => propagateFirst(x), ...lastStepFused(x)])
}
