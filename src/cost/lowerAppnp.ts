// APPNP: an MLP, then K steps h <- (1 - a) P h + a h0 from its result h0, with P the propagation
// matrix of GCN. A step is computed as (1 - a) (P h + a / (1 - a) h0): an addend, made once, and a
// column scale, both of an ordinary epilogue.
import { identityEpilogue } from "../model/Op.ts"
import { teleports } from "../model/WeightLayout.ts"
import { propagate } from "./gcnNormalization.ts"
import { layerActivation, multiply } from "./lowerSteps.ts"
import type { DenseMatrix, Matrix, PlanDraft } from "./PlanDraft.ts"

export const lowerAppnpLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const name = `l${layer}`
  const out = draft.matrix(`${name}.out`, x.rows, draft.request.config.layers[layer].outWidth)
  const epilogue = draft.epilogue(name, layerActivation(draft, layer))
  multiply(draft, `${name}.multiply`, x, draft.weight(`${name}.weight`), out, epilogue)
  return out
}

const columnScale = (draft: PlanDraft, step: "teleport" | "step") => ({
  scale: draft.vector(`${step}.scale`),
  shift: draft.vector(`${step}.shift`),
})

const teleportOf = (draft: PlanDraft, start: DenseMatrix): DenseMatrix => {
  const { rows: m, cols: n, at: x } = start
  const out = draft.matrix("teleport.out", m, n)
  const epilogue = { ...identityEpilogue, affine: columnScale(draft, "teleport") }
  draft.push({ kind: "rowwise", name: "teleport", m, n, l2: false, x, y: out.at, epilogue })
  return out
}

/** The steps after the MLP. With alpha 1 every step gives h0 again, with alpha 0 there is no addend. */
export const lowerAppnpSteps = (draft: PlanDraft, start: DenseMatrix): DenseMatrix => {
  const { propagations, teleport } = draft.request.config
  if (teleport === 1) return start
  const epilogue = teleports(draft.request.config)
    ? {
        ...identityEpilogue,
        addend: teleportOf(draft, start).at,
        affine: columnScale(draft, "step"),
      }
    : identityEpilogue
  let at = start
  for (let step = 1; step <= propagations; step++) {
    at = propagate(draft, `step${step}`, at, epilogue)
  }
  return at
}
