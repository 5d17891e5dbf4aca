// How exact a task is computed: what its activations are stored in, and what its products multiply.

/**
 * "fp32": float32 throughout, products at float32 grade. "tf32": the same storage, products of
 * operands rounded to 10 bits of mantissa. "fp16", "bf16": activations stored in two bytes, products
 * of such operands. Sums are float32 in all of them, results, weights and features are float32.
 */
export const precisions = ["fp32", "tf32", "fp16", "bf16"] as const
export type Precision = (typeof precisions)[number]

/** Where each can be computed; the reference rounds what is stored, and multiplies in float64. */
export const devicePrecisions: Readonly<
  Record<"cpu" | "cuda" | "reference", ReadonlyArray<Precision>>
> = {
  cpu: ["fp32"],
  cuda: precisions,
  reference: ["fp32", "fp16", "bf16"],
}

/** Elements of two bytes. */
export type Storage = "fp16" | "bf16"

/** What a precision stores activations in; null for float32. */
export const storageOf = (precision: Precision): Storage | null =>
  precision === "fp16" || precision === "bf16" ? precision : null

/** Bytes of one element of what an operand names. */
export const elementBytes = ({ storage }: { readonly storage?: Storage }): number =>
  storage === undefined ? 4 : 2

interface Format {
  readonly mantissaBits: number
  /** Of the smallest number with a leading one. */
  readonly leastExponent: number
  /** The first number that rounds to infinity. */
  readonly overflow: number
}

const formats: Record<Storage, Format> = {
  fp16: { mantissaBits: 10, leastExponent: -14, overflow: 65520 },
  bf16: { mantissaBits: 7, leastExponent: -126, overflow: (2 - 2 ** -8) * 2 ** 127 },
}

const asFloat = new Float32Array(1)
const asBits = new Uint32Array(asFloat.buffer)

const exponentOf = (value: number): number => {
  asFloat[0] = value
  return ((asBits[0] >> 23) & 255) - 127
}

/** The distance between neighbours of `value` among the numbers of a storage. */
export const stepAt = (storage: Storage, value: number): number => {
  const { mantissaBits, leastExponent } = formats[storage]
  return 2 ** (Math.max(exponentOf(value), leastExponent) - mantissaBits)
}

/** The nearest number of a storage, ties to even. */
export const roundTo = (storage: Storage, value: number): number => {
  if (!Number.isFinite(value) || value === 0) return value
  if (Math.abs(value) >= formats[storage].overflow) return Math.sign(value) * Infinity
  // added to a number of this size, a double keeps multiples of the step and no less
  const large = 1.5 * 2 ** 52 * stepAt(storage, value)
  const rounded = value + large - large
  return rounded === 0 && value < 0 ? -0 : rounded
}
