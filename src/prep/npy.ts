// The elements of a .npy file as float32 or checked int32 in shared memory, and the writer.
// float64 is narrowed, int64 must fit the bounds asked for; nothing non-finite passes.
import { NotFinite } from "../model/errors.ts"
import { elementCount, sharedFloat32, sharedInt32 } from "../model/Tensor.ts"
import { type ByteSource, badFile, writeFileParts } from "./byteSource.ts"
import { encodeNpyHeader, type NpyHeader } from "./npyHeader.ts"

/** Elements converted at a time. */
const chunkElements = 1 << 17

/** "[i, j]" of a flat row-major position; `reversed` names the last axis first. */
const positionOf = (shape: ReadonlyArray<number>, flat: number, reversed = false): string => {
  const index: Array<number> = []
  let rest = flat
  for (const extent of shape.toReversed()) {
    index.push(rest % extent)
    rest = Math.floor(rest / extent)
  }
  return `[${(reversed ? index : index.reverse()).join(", ")}]`
}

/** Row-major copy of a column-major matrix; vectors are the same either way. */
const toRowMajor = <T extends Float32Array | Int32Array>(
  values: T,
  header: NpyHeader,
  empty: (length: number) => T,
): T => {
  const [rows, cols] = header.shape
  if (!header.fortranOrder || header.shape.length !== 2 || rows! < 2 || cols! < 2) return values
  const out = empty(values.length)
  for (let c = 0, from = 0; c < cols!; c++) {
    for (let r = 0; r < rows!; r++) out[r * cols! + c] = values[from++]!
  }
  return out
}

/** Calls `take` with consecutive blocks of raw bytes of whole elements. */
const forEachBlock = (
  source: ByteSource,
  header: NpyHeader,
  take: (block: Uint8Array<ArrayBuffer>, first: number, count: number) => void,
): void => {
  const total = elementCount(header.shape)
  const block = new Uint8Array(Math.min(total, chunkElements) * header.itemBytes)
  for (let first = 0; first < total; first += chunkElements) {
    const count = Math.min(chunkElements, total - first)
    const part = block.subarray(0, count * header.itemBytes)
    source.readInto(part, header.dataOffset + first * header.itemBytes)
    take(part, first, count)
  }
}

/** Index of the first NaN or infinity, or -1. */
export const findNonFinite = (values: Float32Array | Float64Array): number => {
  for (let i = 0; i < values.length; i++) if (values[i]! - values[i]! !== 0) return i
  return -1
}

/** "[i, j]" of the element stored at `stored`, which is column-major in Fortran order. */
const placeOf = (header: NpyHeader, stored: number): string =>
  header.fortranOrder
    ? positionOf(header.shape.toReversed(), stored, true)
    : positionOf(header.shape, stored)

const notFinite = (source: ByteSource, header: NpyHeader, at: number, value: number): NotFinite =>
  new NotFinite({ file: source.file, place: source.place + placeOf(header, at), value })

const narrowDoubles = (source: ByteSource, header: NpyHeader, values: Float32Array): void =>
  forEachBlock(source, header, (block, first, count) => {
    const doubles = new Float64Array(block.buffer, block.byteOffset, count)
    for (let i = 0; i < count; i++) {
      const value = Math.fround(doubles[i]!)
      if (value - value !== 0) throw notFinite(source, header, first + i, doubles[i]!)
      values[first + i] = value
    }
  })

/** float32 (as stored or narrowed from float64), row-major, all finite. Any shape. */
export const readNpyFloat32 = (source: ByteSource, header: NpyHeader): Float32Array => {
  const { descr } = header
  if (descr !== "<f4" && descr !== "<f8") throw badFile(source, "dtype", "<f4 or <f8", descr)
  const values = sharedFloat32(elementCount(header.shape))
  if (descr === "<f8") narrowDoubles(source, header, values)
  else {
    source.readInto(new Uint8Array(values.buffer), header.dataOffset)
    const bad = findNonFinite(values)
    if (bad !== -1) throw notFinite(source, header, bad, values[bad]!)
  }
  return toRowMajor(values, header, sharedFloat32)
}

/** Bounds of an integer array and what to say of a value outside them. */
export interface IndexBounds {
  readonly min: number
  readonly max: number
  /** `place` is "[i, j]", `flat` the row-major position. */
  readonly refuse: (place: string, flat: number, value: number) => Error
}

/** The low words of int64 values; the first value that is wider than int32 is refused at once. */
const narrowLongs = (
  source: ByteSource,
  header: NpyHeader,
  values: Int32Array,
  refuse: (stored: number, value: number) => Error,
): void =>
  forEachBlock(source, header, (block, first, count) => {
    const words = new Int32Array(block.buffer, block.byteOffset, count * 2)
    for (let i = 0; i < count; i++) {
      const low = words[2 * i]!
      const high = words[2 * i + 1]!
      if (high !== low >> 31) throw refuse(first + i, high * 2 ** 32 + (low >>> 0))
      values[first + i] = low
    }
  })

/** int32 (as stored or narrowed from int64), row-major, every value within the bounds. */
export const readNpyInt32 = (
  source: ByteSource,
  header: NpyHeader,
  bounds: IndexBounds,
): Int32Array => {
  const { descr, shape } = header
  if (descr !== "<i4" && descr !== "<i8") throw badFile(source, "dtype", "<i4 or <i8", descr)
  const refuse = (stored: number, value: number): Error => {
    const [rows, cols] = shape
    const flipped = header.fortranOrder && shape.length === 2
    const flat = flipped ? (stored % rows!) * cols! + Math.floor(stored / rows!) : stored
    return bounds.refuse(placeOf(header, stored), flat, value)
  }
  const values = sharedInt32(elementCount(shape))
  if (descr === "<i4") source.readInto(new Uint8Array(values.buffer), header.dataOffset)
  else narrowLongs(source, header, values, refuse)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value < bounds.min || value > bounds.max) throw refuse(i, value)
  }
  return toRowMajor(values, header, sharedInt32)
}

/** The bytes of int64 values, from int32, for files that numpy users expect in int64. */
export const int64Bytes = (values: Int32Array): Uint8Array => {
  const words = new Int32Array(values.length * 2)
  for (let i = 0; i < values.length; i++) {
    words[2 * i] = values[i]!
    words[2 * i + 1] = values[i]! >> 31
  }
  return new Uint8Array(words.buffer)
}

export type NpyArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array

const descrOf = (values: NpyArray): string => {
  if (values instanceof Float32Array) return "<f4"
  if (values instanceof Float64Array) return "<f8"
  if (values instanceof Int32Array) return "<i4"
  return values instanceof BigInt64Array ? "<i8" : "|u1"
}

export const bytesOf = (values: NpyArray): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** Writes a row-major array; FileUnwritable when the file system refuses. */
export const writeNpy = (path: string, shape: ReadonlyArray<number>, values: NpyArray): void =>
  writeFileParts(path, [encodeNpyHeader(descrOf(values), shape), bytesOf(values)])

/** A whole .npy file in memory. */
export const encodeNpy = (shape: ReadonlyArray<number>, values: NpyArray): Uint8Array => {
  const header = encodeNpyHeader(descrOf(values), shape)
  const bytes = new Uint8Array(header.length + values.byteLength)
  bytes.set(header)
  bytes.set(bytesOf(values), header.length)
  return bytes
}
