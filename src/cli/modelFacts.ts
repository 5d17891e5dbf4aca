// What can be said of a model: its layers, its tensors, how many parameters it has.
import type { GnnConfig } from "../model/GnnModel.ts"
import { elementCount } from "../model/Tensor.ts"

export interface TensorFacts {
  readonly name: string
  readonly dtype: string
  readonly shape: ReadonlyArray<number>
}

export interface ModelFacts {
  readonly contentId: string | null
  /** null when only a safetensors file was given. */
  readonly config: GnnConfig | null
  readonly tensors: ReadonlyArray<TensorFacts>
  /** Trained numbers: running statistics and counters are not. */
  readonly parameters: number
  readonly weightBytes: number
  readonly note: string | null
}

const isBuffer = (name: string): boolean =>
  /\.(running_mean|running_var|num_batches_tracked)$/.test(name)

const dtypeBytes: Readonly<Record<string, number>> = {
  f32: 4,
  f64: 8,
  i32: 4,
  i64: 8,
  u8: 1,
  bool: 1,
  F16: 2,
  BF16: 2,
}

const bytesOfType = (dtype: string): number =>
  dtypeBytes[dtype] ?? dtypeBytes[dtype.toLowerCase()] ?? 4

export const modelFacts = (facts: {
  readonly contentId: string | null
  readonly config: GnnConfig | null
  readonly tensors: ReadonlyArray<TensorFacts>
  readonly note: string | null
}): ModelFacts => ({
  ...facts,
  parameters: facts.tensors
    .filter(({ name }) => !isBuffer(name))
    .reduce((sum, { shape }) => sum + elementCount(shape), 0),
  weightBytes: facts.tensors.reduce(
    (sum, { dtype, shape }) => sum + elementCount(shape) * bytesOfType(dtype),
    0,
  ),
})
