// Elements of two bytes for the kernel cases: their bits, and what a result stored in them may be.
import { roundTo, type Storage, stepAt } from "../../src/model/precision.ts"
import type { Matrix } from "../native/oracle.ts"

/** In the order of the enum Storage of kernels/common/op_args.h. */
export const storages = ["fp32", "fp16", "bf16"] as const
export type StorageName = (typeof storages)[number]
export type Stored = Float32Array | Uint16Array

/** The values as a storage has them. */
export const rounded = (values: Float32Array, storage: StorageName): Float32Array =>
  storage === "fp32" ? values : values.map((value) => roundTo(storage, value))

const scratch = new DataView(new ArrayBuffer(4))

/** Of a number that `storage` has. */
export const bitsOf = (storage: Storage, value: number): number => {
  if (Number.isNaN(value)) return 0x7fff
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  if (storage === "bf16") return bits >>> 16
  const sign = (bits >>> 16) & 0x8000
  if (!Number.isFinite(value)) return sign | 0x7c00
  const exponent = ((bits >>> 23) & 255) - 127
  if (exponent < -14) return sign | (Math.abs(value) * 2 ** 24)
  return sign | ((exponent + 15) << 10) | ((bits >>> 13) & 0x3ff)
}

export const store = (values: Float32Array, storage: StorageName): Stored =>
  storage === "fp32"
    ? values
    : Uint16Array.from(values, (value) => bitsOf(storage, roundTo(storage, value)))

/** The number nearest to what was found that, stored, may differ from `expected` by rounding alone. */
export const withinRounding = (
  found: Float32Array,
  expected: Matrix,
  storage: StorageName,
): Matrix => {
  if (storage === "fp32") return expected
  return Float64Array.from(expected, (e, i) => {
    const f = found[i]!
    if (Object.is(f, roundTo(storage, e))) return f
    const half = stepAt(storage, e) / 2
    return Math.abs(f - e) <= half ? f : e + Math.sign(f - e) * half
  })
}
