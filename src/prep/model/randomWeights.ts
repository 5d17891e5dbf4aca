// Weights from a seed, for networks whose training does not matter: Glorot-uniform matrices, small
// biases, and BatchNorm statistics as training leaves them. The same bits on every machine.
import type { GnnConfig } from "../../model/GnnModel.ts"
import { sharedFloat32, type Tensor } from "../../model/Tensor.ts"
import { expectedWeights } from "./expectedWeights.ts"

/** sfc32: uniform in [0, 1) with 32 random bits. */
const uniformSource = (seed: number): (() => number) => {
  let [a, b, c, counter] = [Math.floor(seed / 2 ** 32) | 0, seed | 0, 0x9e3779b9, 1]
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let warmUp = 0; warmUp < 12; warmUp++) next()
  return next
}

interface Range {
  readonly low: number
  readonly high: number
}

/** Where the values of a tensor lie; attention vectors count as [heads, width] matrices. */
const rangeOf = (name: string, shape: ReadonlyArray<number>): Range => {
  if (name.endsWith("running_var")) return { low: 0.5, high: 1.5 }
  if (name.endsWith("module.weight")) return { low: 0.8, high: 1.2 }
  if (shape.length === 1) return { low: -0.1, high: 0.1 }
  const [fanOut, fanIn] = shape.slice(-2)
  const bound = Math.sqrt(6 / (fanIn + fanOut))
  return { low: -bound, high: bound }
}

export const randomWeights = (config: GnnConfig, seed: number): ReadonlyMap<string, Tensor> => {
  const uniform = uniformSource(seed)
  const weights = new Map<string, Tensor>()
  for (const [name, shape] of expectedWeights(config)) {
    const data = sharedFloat32(shape.reduce((product, extent) => product * extent, 1))
    const { low, high } = rangeOf(name, shape)
    const twin = config.sharedWeights ? weights.get(name.replace(".lin_r.", ".lin_l.")) : undefined
    if (twin !== undefined) data.set(twin.data as Float32Array)
    else if (name.endsWith(".eps")) data.fill(config.ginEps)
    else for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * uniform()
    weights.set(name, { dtype: "f32", shape, data })
  }
  return weights
}
