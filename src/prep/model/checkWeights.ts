// Whether tensors are the weights of a network: every name and shape of PyG's state_dict, nothing
// else, every value finite. Answers them as float32 in shared memory.
import { BadFile, NotFinite, WeightMismatch } from "../../model/errors.ts"
import type { GnnConfig } from "../../model/GnnModel.ts"
import { elementCount, sharedFloat32, type Tensor } from "../../model/Tensor.ts"
import { expectedWeights, isIgnoredWeight } from "./expectedWeights.ts"

const sameShape = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i])

/** A copy, unless it is float32 in shared memory already. */
const asFloat32 = (file: string, name: string, tensor: Tensor): Float32Array => {
  const { data, dtype, shape } = tensor
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new BadFile({ file, place: name, expected: "float32 or float64", found: dtype })
  if (data.length !== elementCount(shape)) {
    const expected = `${elementCount(shape)} values for shape [${shape}]`
    throw new BadFile({ file, place: name, expected, found: `${data.length} values` })
  }
  if (data instanceof Float32Array && data.buffer instanceof SharedArrayBuffer) return data
  const copy = sharedFloat32(data.length)
  copy.set(data)
  return copy
}

const checkValues = (file: string, name: string, data: Float32Array): void => {
  const variance = name.endsWith("running_var")
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]))
      throw new NotFinite({ file, place: `${name}[${i}]`, value: data[i] })
    if (variance && data[i] < 0) {
      const found = String(data[i])
      throw new BadFile({ file, place: `${name}[${i}]`, expected: "a variance >= 0", found })
    }
  }
}

/**
 * What a file may leave out: GIN's eps, which is the configuration's then, and of two names for the
 * same weights of a GATv2 the second, as safetensors' save_model does.
 */
const missing = (
  config: GnnConfig,
  name: string,
  found: ReadonlyMap<string, Tensor>,
): Tensor | null => {
  if (config.sharedWeights) return found.get(name.replace(".lin_r.", ".lin_l.")) ?? null
  if (!name.endsWith(".eps")) return null
  const data = sharedFloat32(1)
  data[0] = config.ginEps
  return { dtype: "f32", shape: [1], data }
}

/** Weights that are one must not differ. */
const checkShared = (file: string, checked: ReadonlyMap<string, Tensor>): void => {
  for (const [name, { data }] of checked) {
    if (!name.includes(".lin_r.")) continue
    const left = checked.get(name.replace(".lin_r.", ".lin_l."))!.data
    const at = data.findIndex((value, i) => value !== left[i])
    if (at < 0) continue
    const expected = `${left[at]}, as in lin_l: share_weights is true`
    throw new BadFile({ file, place: `${name}[${at}]`, expected, found: String(data[at]) })
  }
}

/** `file` names the source of the tensors in errors. */
export const checkWeights = (
  config: GnnConfig,
  found: ReadonlyMap<string, Tensor>,
  file: string,
): ReadonlyMap<string, Tensor> => {
  const shapes = expectedWeights(config)
  const checked = new Map<string, Tensor>()
  for (const [name, expectedShape] of shapes) {
    const tensor = found.get(name) ?? missing(config, name, found)
    const foundShape = tensor === null ? null : tensor.shape
    if (tensor === null || foundShape === null || !sameShape(foundShape, expectedShape))
      throw new WeightMismatch({ file, tensor: name, expectedShape, foundShape })
    const data = asFloat32(file, name, tensor)
    checkValues(file, name, data)
    checked.set(name, { dtype: "f32", shape: expectedShape, data })
  }
  if (config.sharedWeights) checkShared(file, checked)
  for (const [name, { shape }] of found) {
    if (shapes.has(name) || isIgnoredWeight(name)) continue
    const expected = `only the ${shapes.size} tensors of this ${config.architecture}`
    throw new BadFile({ file, place: name, expected, found: `a tensor of shape [${shape}]` })
  }
  return checked
}
