// Safetensors: 8 bytes of header length, a JSON header, raw little-endian data. Every bound, overlap
// and size is checked before a byte is allocated; F16 and BF16 are widened to float32.
import { NotFinite } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import { type DType, elementCount, type Tensor } from "../model/Tensor.ts"
import { type ByteSource, badFile, bytesSource, withFile, writeFileParts } from "./byteSource.ts"
import { bytesOf, findNonFinite } from "./npy.ts"

export interface SafetensorsEntry {
  readonly name: string
  readonly dtype: string
  readonly shape: ReadonlyArray<number>
  /** Bytes from the start of the file. */
  readonly begin: number
  readonly end: number
}

interface StoredType {
  readonly bytes: number
  readonly dtype: DType
}

const storedTypes: ReadonlyMap<string, StoredType> = new Map([
  ["F32", { bytes: 4, dtype: "f32" }],
  ["F64", { bytes: 8, dtype: "f64" }],
  ["F16", { bytes: 2, dtype: "f32" }],
  ["BF16", { bytes: 2, dtype: "f32" }],
  ["I64", { bytes: 8, dtype: "i64" }],
  ["I32", { bytes: 4, dtype: "i32" }],
  ["U8", { bytes: 1, dtype: "u8" }],
  ["BOOL", { bytes: 1, dtype: "bool" }],
])

const isNatural = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readHeaderText = (source: ByteSource): { text: string; dataOffset: number } => {
  if (source.size < 8) throw badFile(source, "header", "at least 8 bytes", `${source.size} bytes`)
  const prefix = new Uint8Array(8)
  source.readInto(prefix, 0)
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true))
  const most = Math.min(limits.maxSafetensorsHeaderBytes, source.size - 8)
  if (length > most) throw badFile(source, "header length", `at most ${most}`, `${length}`)
  const bytes = new Uint8Array(length)
  source.readInto(bytes, 8)
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), dataOffset: 8 + length }
  } catch {
    throw badFile(source, "header", "UTF-8 text", "other bytes")
  }
}

const parseHeader = (source: ByteSource, text: string): Readonly<Record<string, unknown>> => {
  let parsed: unknown = null
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw badFile(source, "header", "JSON", error instanceof Error ? error.message : `${error}`)
  }
  if (!isRecord(parsed)) throw badFile(source, "header", "a JSON object", text.slice(0, 40))
  return parsed
}

const parseEntry = (
  source: ByteSource,
  name: string,
  value: unknown,
  dataOffset: number,
): SafetensorsEntry => {
  const fail = (expected: string, found: unknown): never => {
    throw badFile(source, name, expected, JSON.stringify(found)?.slice(0, 120) ?? "nothing")
  }
  if (!isRecord(value)) return fail("dtype, shape and data_offsets", value)
  const { dtype, shape, data_offsets: offsets } = value
  const stored = typeof dtype === "string" ? storedTypes.get(dtype) : undefined
  if (typeof dtype !== "string" || stored === undefined) {
    return fail(`dtype ${[...storedTypes.keys()].join(", ")}`, dtype)
  }
  if (!Array.isArray(shape) || !shape.every(isNatural)) return fail("a shape", shape)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isNatural)) {
    return fail("two data_offsets", offsets)
  }
  const [begin, end] = [dataOffset + offsets[0], dataOffset + offsets[1]]
  if (begin > end || end > source.size) {
    return fail(`offsets within ${source.size - dataOffset} bytes of data`, offsets)
  }
  const bytes = elementCount(shape) * stored.bytes
  if (bytes !== end - begin) return fail(`${bytes} bytes for shape [${shape}]`, offsets)
  return { name, dtype, shape, begin, end }
}

/** The data must be filled without holes or overlaps, as the format demands. */
const checkLayout = (
  source: ByteSource,
  entries: ReadonlyArray<SafetensorsEntry>,
  dataOffset: number,
): void => {
  let filled = dataOffset
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== filled) {
      const expected = `data from byte ${filled - dataOffset} (no hole, no overlap)`
      throw badFile(source, entry.name, expected, `byte ${entry.begin - dataOffset}`)
    }
    filled = entry.end
  }
  if (filled !== source.size) {
    const expected = `${filled} bytes in all`
    throw badFile(source, "end of data", expected, `${source.size} bytes`)
  }
}

/** The tensors a file holds, in the order of its header; no data is read. */
export const listSafetensors = (source: ByteSource): ReadonlyArray<SafetensorsEntry> => {
  const { text, dataOffset } = readHeaderText(source)
  const entries = Object.entries(parseHeader(source, text))
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => parseEntry(source, name, value, dataOffset))
  checkLayout(source, entries, dataOffset)
  return entries
}

/** IEEE half precision to float32, exact. */
const widenHalf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const readHalves = (source: ByteSource, entry: SafetensorsEntry): Float32Array => {
  const bytes = new Uint8Array(entry.end - entry.begin)
  source.readInto(bytes, entry.begin)
  const halves = new Uint16Array(bytes.buffer)
  const values = new Float32Array(new SharedArrayBuffer(halves.length * 4))
  const bits = new Uint32Array(values.buffer)
  if (entry.dtype === "BF16") for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16
  else for (let i = 0; i < halves.length; i++) values[i] = widenHalf(halves[i]!)
  return values
}

const readData = (source: ByteSource, entry: SafetensorsEntry, dtype: DType): Tensor["data"] => {
  if (entry.dtype === "F16" || entry.dtype === "BF16") return readHalves(source, entry)
  const buffer = new SharedArrayBuffer(entry.end - entry.begin)
  source.readInto(new Uint8Array(buffer), entry.begin)
  if (dtype === "f32") return new Float32Array(buffer)
  if (dtype === "f64") return new Float64Array(buffer)
  if (dtype === "i32") return new Int32Array(buffer)
  return dtype === "i64" ? new BigInt64Array(buffer) : new Uint8Array(buffer)
}

const readTensor = (source: ByteSource, entry: SafetensorsEntry): Tensor => {
  const { dtype } = storedTypes.get(entry.dtype)!
  const data = readData(source, entry, dtype)
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const bad = findNonFinite(data)
    if (bad !== -1) {
      const place = `${entry.name}[${bad}]`
      throw new NotFinite({ file: source.file, place, value: data[bad]! })
    }
  }
  return { dtype, shape: entry.shape, data }
}

/** Every tensor by name, in shared memory; NaN and infinities are refused. */
export const parseSafetensors = (source: ByteSource): ReadonlyMap<string, Tensor> =>
  new Map(listSafetensors(source).map((entry) => [entry.name, readTensor(source, entry)]))

export const readSafetensors = (path: string): ReadonlyMap<string, Tensor> =>
  withFile(path, parseSafetensors)

export const parseSafetensorsBytes = (
  bytes: Uint8Array,
  file: string,
): ReadonlyMap<string, Tensor> => parseSafetensors(bytesSource(bytes, file))

const dtypeNames: Readonly<Record<DType, string>> = {
  f32: "F32",
  f64: "F64",
  i32: "I32",
  i64: "I64",
  u8: "U8",
  bool: "BOOL",
}

/** The parts of a file: widest elements first, so that all data are aligned. */
const encodeParts = (tensors: ReadonlyMap<string, Tensor>): ReadonlyArray<Uint8Array> => {
  const width = ([, tensor]: [string, Tensor]) => tensor.data.BYTES_PER_ELEMENT
  const ordered = [...tensors].toSorted((a, b) => width(b) - width(a))
  const header: Record<string, unknown> = {}
  let offset = 0
  for (const [name, tensor] of ordered) {
    const end = offset + tensor.data.byteLength
    header[name] = {
      dtype: dtypeNames[tensor.dtype],
      shape: tensor.shape,
      data_offsets: [offset, end],
    }
    offset = end
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const padded = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20)
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true)
  padded.set(text, 8)
  return [padded, ...ordered.map(([, tensor]) => bytesOf(tensor.data))]
}

export const encodeSafetensors = (tensors: ReadonlyMap<string, Tensor>): Uint8Array => {
  const parts = encodeParts(tensors)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Writes what `safetensors.torch.load_file` reads. */
export const writeSafetensors = (path: string, tensors: ReadonlyMap<string, Tensor>): void =>
  writeFileParts(path, encodeParts(tensors))
