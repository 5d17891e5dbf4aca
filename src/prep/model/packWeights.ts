// Packs a network's weights into the one resident object of WeightLayout: transposed to [in, out],
// BatchNorm folded in where that is exact, attention vectors multiplied into GAT's product. All
// arithmetic is float64 and is rounded to float32 once.
import { NotFinite } from "../../model/errors.ts"
import type { GnnConfig, GnnModel } from "../../model/GnnModel.ts"
import { sharedFloat32 } from "../../model/Tensor.ts"
import {
  layerNorm,
  mlpNorm,
  type NormPlacement,
  teleports,
  weightLayout,
} from "../../model/WeightLayout.ts"

/** A BatchNorm in eval mode: v * scale + shift, per column. */
interface Affine {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

type Read = (name: string) => ArrayLike<number>

class Packer {
  readonly packed: Float32Array<SharedArrayBuffer>
  readonly config: GnnConfig
  readonly #model: GnnModel
  readonly #layout: ReturnType<typeof weightLayout>

  constructor(model: GnnModel) {
    this.#model = model
    this.config = model.config
    this.#layout = weightLayout(model.config)
    this.packed = sharedFloat32(this.#layout.totalBytes / 4)
  }

  readonly read: Read = (name) => {
    const tensor = this.#model.weights.get(name)
    if (tensor === undefined) throw new Error(`checked weights lack ${name}`)
    return tensor.data as ArrayLike<number>
  }

  /** What sets [row, col] of an entry; a value that float32 cannot hold is the model's error. */
  writer(entry: string): (row: number, col: number, value: number) => void {
    const { offset, ld } = this.#layout.entries.get(entry)!
    return (row, col, value) => {
      const rounded = Math.fround(value)
      if (!Number.isFinite(rounded)) {
        const place = `${entry}[${row}, ${col}] after packing`
        throw new NotFinite({ file: this.#model.name, place, value: rounded })
      }
      this.packed[offset / 4 + row * ld + col] = rounded
    }
  }

  /** weight [out, in] into columns from `first` of the entry [in, n], columns scaled. */
  linear(entry: string, weight: ArrayLike<number>, outWidth: number, at: LinearPlace): void {
    const inWidth = weight.length / outWidth
    const write = this.writer(entry)
    for (let o = 0; o < outWidth; o++) {
      const factor = at.scale === null ? 1 : at.scale[o]
      for (let i = 0; i < inWidth; i++) write(i, at.first + o, weight[o * inWidth + i] * factor)
    }
  }

  vector(entry: string, values: ArrayLike<number>): void {
    const write = this.writer(entry)
    for (let c = 0; c < values.length; c++) write(0, c, values[c])
  }

  batchNorm(prefix: string): Affine {
    const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
      (part) => this.read(`${prefix}.module.${part}`),
    )
    const eps = this.config.batchNorm!.eps
    const scale = Float64Array.from(weight, (w, c) => w / Math.sqrt(variance[c] + eps))
    return { scale, shift: Float64Array.from(bias, (b, c) => b - mean[c] * scale[c]) }
  }

  /** Bias, scale and shift of `prefix`; answers the scale to fold into the columns, or null. */
  vectors(prefix: string, bias: string | null, norm: Norm): Float64Array | null {
    const values = bias === null ? null : this.read(bias)
    if (norm.placement !== "folded" && values !== null) this.vector(`${prefix}.bias`, values)
    if (norm.placement === "none") return null
    const { scale, shift } = this.batchNorm(norm.prefix)
    if (norm.placement === "folded") {
      const folded = shift.map((s, c) => s + (values === null ? 0 : values[c] * scale[c]))
      this.vector(`${prefix}.bias`, folded)
      return scale
    }
    this.vector(`${prefix}.scale`, scale)
    this.vector(`${prefix}.shift`, shift)
    return null
  }
}

interface LinearPlace {
  readonly first: number
  readonly scale: ArrayLike<number> | null
}

interface Norm {
  readonly placement: NormPlacement
  readonly prefix: string
}

interface LinearNames {
  readonly weight: string
  readonly bias: string
}

/** A layer that is one linear map, wherever it propagates. */
const packLinear = (packer: Packer, layer: number, norm: Norm, names: LinearNames): void => {
  const { outWidth } = packer.config.layers[layer]
  const scale = packer.vectors(`l${layer}`, packer.config.bias ? names.bias : null, norm)
  packer.linear(`l${layer}.weight`, packer.read(names.weight), outWidth, { first: 0, scale })
}

const packGcn = (packer: Packer, layer: number, norm: Norm): void => {
  const conv = `convs.${layer}`
  packLinear(packer, layer, norm, { weight: `${conv}.lin.weight`, bias: `${conv}.bias` })
}

const packSgc = (packer: Packer, layer: number, norm: Norm): void => {
  const lin = `convs.${layer}.lin`
  packLinear(packer, layer, norm, { weight: `${lin}.weight`, bias: `${lin}.bias` })
}

const packAppnp = (packer: Packer, layer: number, norm: Norm): void => {
  const lin = `lins.${layer}`
  packLinear(packer, layer, norm, { weight: `${lin}.weight`, bias: `${lin}.bias` })
}

/** The two factors of APPNP's steps, the same in every column. */
const packTeleport = (packer: Packer): void => {
  const { outWidth, teleport } = packer.config
  const fill = (entry: string, value: number) =>
    packer.vector(entry, new Float64Array(outWidth).fill(value))
  fill("teleport.scale", teleport / (1 - teleport))
  fill("step.scale", 1 - teleport)
  for (const step of ["teleport", "step"]) fill(`${step}.shift`, 0)
}

const packSage = (packer: Packer, layer: number, norm: Norm): void => {
  const { config } = packer
  const { inWidth, outWidth } = config.layers[layer]
  const [name, conv] = [`l${layer}`, `convs.${layer}`]
  if (config.project) {
    const project = packer.read(`${conv}.lin.weight`)
    packer.linear(`${name}.project.weight`, project, inWidth, { first: 0, scale: null })
    packer.vector(`${name}.project.bias`, packer.read(`${conv}.lin.bias`))
  }
  const scale = packer.vectors(name, config.bias ? `${conv}.lin_l.bias` : null, norm)
  const left = packer.read(`${conv}.lin_l.weight`)
  packer.linear(`${name}.weight`, left, outWidth, { first: 0, scale })
  if (!config.rootWeight) return
  const right = packer.read(`${conv}.lin_r.weight`)
  packer.linear(`${name}.weight`, right, outWidth, { first: outWidth, scale })
}

const packGin = (packer: Packer, layer: number, norm: Norm): void => {
  const { outWidth } = packer.config.layers[layer]
  const [name, nn] = [`l${layer}`, `convs.${layer}.nn`]
  const inner = { placement: mlpNorm(packer.config), prefix: `${nn}.norms.0` }
  for (const [lin, placed] of [inner, norm].entries()) {
    const scale = packer.vectors(`${name}.${lin}`, `${nn}.lins.${lin}.bias`, placed)
    const weight = packer.read(`${nn}.lins.${lin}.weight`)
    packer.linear(`${name}.${lin}.weight`, weight, outWidth, { first: 0, scale })
  }
}

/** One score column of W a: row i is the sum over a head's channels of a[c] * W[c, i]. */
const packScore = (packer: Packer, layer: number, head: number, att: string, col: number) => {
  const { inWidth, headWidth } = packer.config.layers[layer]
  const weight = packer.read(`convs.${layer}.lin.weight`)
  const vector = packer.read(`convs.${layer}.${att}`)
  const write = packer.writer(`l${layer}.weight`)
  for (let i = 0; i < inWidth; i++) {
    let sum = 0
    for (let c = head * headWidth; c < (head + 1) * headWidth; c++)
      sum += vector[c] * weight[c * inWidth + i]
    write(i, col, sum)
  }
}

/** The norm scales the features, never the scores: they are made of the weights as trained. */
const packGat = (packer: Packer, layer: number, norm: Norm): void => {
  const { heads, headWidth, concat } = packer.config.layers[layer]
  const width = heads * headWidth
  const bias = packer.config.bias ? `convs.${layer}.bias` : null
  const perColumn = packer.vectors(`l${layer}`, bias, norm)
  const scale =
    perColumn === null || concat
      ? perColumn
      : Float64Array.from({ length: width }, (_, c) => perColumn[c % headWidth])
  const weight = packer.read(`convs.${layer}.lin.weight`)
  packer.linear(`l${layer}.weight`, weight, width, { first: 0, scale })
  for (let head = 0; head < heads; head++) {
    packScore(packer, layer, head, "att_src", width + head)
    packScore(packer, layer, head, "att_dst", width + heads + head)
  }
}

const packGatV2 = (packer: Packer, layer: number, norm: Norm): void => {
  const { config } = packer
  const { heads, headWidth } = config.layers[layer]
  const [name, conv, width] = [`l${layer}`, `convs.${layer}`, heads * headWidth]
  packer.vectors(name, config.bias ? `${conv}.bias` : null, norm)
  packer.vector(`${name}.att`, packer.read(`${conv}.att`))
  const sides = config.sharedWeights ? ["lin_l"] : ["lin_l", "lin_r"]
  for (const [side, lin] of sides.entries()) {
    const weight = packer.read(`${conv}.${lin}.weight`)
    packer.linear(`${name}.weight`, weight, width, { first: side * width, scale: null })
  }
  if (!config.bias) return
  const biases = sides.flatMap((lin) => Array.from(packer.read(`${conv}.${lin}.bias`)))
  packer.vector(`${name}.product.bias`, biases)
}

const packers = {
  GCN: packGcn,
  GraphSAGE: packSage,
  GIN: packGin,
  GAT: packGat,
  GATv2: packGatV2,
  SGC: packSgc,
  APPNP: packAppnp,
} as const

/** float32 of `weightLayout(model.config).totalBytes`, in shared memory; gaps are zero. */
export const packWeights = (model: GnnModel): Float32Array<SharedArrayBuffer> => {
  const packer = new Packer(model)
  const { config } = model
  config.layers.forEach((_, layer) => {
    const norm = { placement: layerNorm(config, layer), prefix: `norms.${layer}` }
    packers[config.architecture](packer, layer, norm)
  })
  if (teleports(config)) packTeleport(packer)
  return packer.packed
}
