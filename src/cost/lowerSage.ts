// GraphSAGE layers: y = act(norm(l2(reduce(X) W_l + X W_r + b))), sources optionally projected
// first. W_l and W_r lie side by side, so that one GEMM makes both products.
import { type Epilogue, identityEpilogue } from "../model/Op.ts"
import { fusedLayer } from "./fusedLayer.ts"
import { aggregate, densify, layerActivation, multiply, plainSum } from "./lowerSteps.ts"
import { columnsFrom, type DenseMatrix, type Matrix, type PlanDraft } from "./PlanDraft.ts"

/** What one layer's variants share. `source` is what is aggregated, `root` the nodes' own rows. */
interface SageLayer {
  readonly draft: PlanDraft
  readonly layer: number
  readonly name: string
  readonly outWidth: number
  readonly root: Matrix
  readonly source: Matrix
  /** Of the op that completes a row. */
  readonly last: Epilogue
}

const projected = (draft: PlanDraft, name: string, x: Matrix): Matrix => {
  if (!draft.request.config.project) return x
  const out = draft.activations(`${name}.projected`, x.rows, x.cols)
  multiply(draft, `${name}.project`, x, draft.weight(`${name}.project.weight`), out, {
    ...identityEpilogue,
    bias: draft.vector(`${name}.project.bias`),
    activation: { name: "relu", parameter: 0 },
  })
  return out
}

/** [P | R] = X [W_l | W_r], then y = reduce(P) + R. */
const gemmFirst = ({ draft, layer, name, outWidth, root, last }: SageLayer): DenseMatrix => {
  const { rootWeight, aggregation: reduce } = draft.request.config
  const width = rootWeight ? 2 * outWidth : outWidth
  const product = draft.activations(`${name}.product`, root.rows, width)
  const weight = draft.weight(`${name}.weight`)
  multiply(draft, `${name}.multiply`, root, weight, product, identityEpilogue)
  const out = draft.layerOutput(layer, root.rows, outWidth)
  const options = { ...plainSum, reduce }
  const addend = rootWeight ? columnsFrom(product.at, outWidth) : null
  aggregate(draft, `${name}.aggregate`, product.at, out, options, { ...last, addend })
  return out
}

/** The same where sources are projected and so differ from the nodes themselves. */
const gemmFirstProjected = (sage: SageLayer): DenseMatrix => {
  const { draft, layer, name, outWidth, root, source, last } = sage
  const { rootWeight, aggregation: reduce } = draft.request.config
  const product = draft.activations(`${name}.product`, root.rows, outWidth)
  const weight = draft.weight(`${name}.weight`)
  multiply(draft, `${name}.multiply`, source, weight, product, identityEpilogue)
  const out = draft.layerOutput(layer, root.rows, outWidth)
  const rootAt = columnsFrom(weight, outWidth)
  if (rootWeight) multiply(draft, `${name}.root`, root, rootAt, out, identityEpilogue)
  const addend = rootWeight ? out.at : null
  const options = { ...plainSum, reduce }
  aggregate(draft, `${name}.aggregate`, product.at, out, options, { ...last, addend })
  return out
}

/** S = reduce(X), then y = S W_l, then y += X W_r in place. */
const aggregateFirst = (sage: SageLayer): DenseMatrix => {
  const { draft, layer, name, outWidth, root, last } = sage
  const { rootWeight, aggregation: reduce } = draft.request.config
  const source = densify(draft, `${name}.densified`, sage.source)
  const reduced = draft.activations(`${name}.reduced`, source.rows, source.cols)
  const options = { ...plainSum, reduce }
  aggregate(draft, `${name}.aggregate`, source.at, reduced, options, identityEpilogue)
  const out = draft.layerOutput(layer, source.rows, outWidth)
  const weight = draft.weight(`${name}.weight`)
  const first = rootWeight ? identityEpilogue : last
  multiply(draft, `${name}.multiply`, reduced, weight, out, first)
  if (!rootWeight) return out
  const rootAt = columnsFrom(weight, outWidth)
  multiply(draft, `${name}.root`, root, rootAt, out, { ...last, addend: out.at })
  return out
}

/** y = X W_r, then y += reduce(X) W_l in place, with the rest of the row; dense sources alone. */
const fused = (layer: SageLayer): ReadonlyArray<() => DenseMatrix> => {
  const { draft, name, outWidth, root, source, last } = layer
  const { rootWeight, aggregation: reduce } = draft.request.config
  if (source.kind === "csr") return []
  const weight = draft.weight(`${name}.weight`)
  const prepare = () => {
    const out = draft.matrix(`${name}.out`, source.rows, outWidth)
    if (!rootWeight) return { x: source, out, epilogue: last }
    multiply(draft, `${name}.root`, root, columnsFrom(weight, outWidth), out, identityEpilogue)
    return { x: source, out, epilogue: { ...last, addend: out.at } }
  }
  const options = { ...plainSum, reduce }
  const widths = { inWidth: source.cols, outWidth }
  return fusedLayer(draft, { name: `${name}.fused`, ...widths, weight, options, prepare })
}

export const lowerSageLayer = (draft: PlanDraft, layer: number, x: Matrix): DenseMatrix => {
  const { config } = draft.request
  const { outWidth } = config.layers[layer]
  const name = `l${layer}`
  const full = draft.epilogue(name, layerActivation(draft, layer))
  // The L2 norm stands between the bias and the BatchNorm, so it takes the rest of the epilogue.
  const last = config.l2Normalize ? { ...identityEpilogue, bias: full.bias } : full
  const shared = { draft, layer, name, outWidth, root: x, source: projected(draft, name, x), last }

  const first = () => (config.project ? gemmFirstProjected(shared) : gemmFirst(shared))
  const second = () => aggregateFirst(shared)
  const variants =
    config.aggregation === "max"
      ? [second]
      : shared.source.kind === "csr"
        ? [first]
        : [first, second, ...fused(shared)]
  const out = draft.cheapest(variants)
  if (!config.l2Normalize) return out
  draft.push({
    kind: "rowwise",
    name: `${name}.normalize`,
    m: out.rows,
    n: outWidth,
    l2: true,
    x: out.at,
    y: out.at,
    epilogue: { ...full, bias: null },
  })
  return out
}
