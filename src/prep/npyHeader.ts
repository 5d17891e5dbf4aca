// The header of a .npy file: dtype, order and shape, read from the first bytes alone, and written.
// Format: "\x93NUMPY", version, header length, then a Python dictionary literal padded with blanks.

import { limits } from "../model/limits.ts"
import { elementCount } from "../model/Tensor.ts"
import { type ByteSource, badFile, readHead } from "./byteSource.ts"

export interface NpyHeader {
  /** numpy's dtype string, as "<f4". */
  readonly descr: string
  readonly itemBytes: number
  readonly fortranOrder: boolean
  readonly shape: ReadonlyArray<number>
  /** Where the elements begin. */
  readonly dataOffset: number
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const dictionary =
  /^\s*\{\s*'descr'\s*:\s*'([^']*)'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([^()]*)\)\s*,?\s*\}\s*$/

/** Bytes of one element, or null for a dtype nobody here reads. */
const itemBytesOf = (descr: string): number | null => {
  const match = /^[<>|=]([fiub])(\d{1,2})$/.exec(descr)
  if (match !== null) return Number(match[2])
  const text = /^[<>|]([SU])(\d{1,4})$/.exec(descr)
  return text === null ? null : Number(text[2]) * (text[1] === "U" ? 4 : 1)
}

const parseShape = (text: string): ReadonlyArray<number> | null => {
  const parts = text.replaceAll("L", "").split(",")
  if (parts.at(-1)!.trim() === "") parts.pop()
  const shape = parts.map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN))
  return shape.every(Number.isSafeInteger) ? shape : null
}

/** Length of the header text and where it starts, from the version's own length field. */
const textRange = (source: ByteSource, head: Uint8Array): { start: number; length: number } => {
  if (head.length < 10 || magic.some((byte, index) => head[index] !== byte)) {
    const found = Array.from(head.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0"))
    throw badFile(source, "magic", "93 4e 55 4d 50 59", found.join(" ") || "nothing")
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const major = head[6]!
  if (major < 1 || major > 3) throw badFile(source, "version", "1, 2 or 3", `${major}`)
  if (major === 1) return { start: 10, length: view.getUint16(8, true) }
  if (head.length < 12) throw badFile(source, "header", "at least 12 bytes", `${head.length} bytes`)
  const length = view.getUint32(8, true)
  if (length <= limits.maxNpyHeaderBytes) return { start: 12, length }
  throw badFile(source, "header", `at most ${limits.maxNpyHeaderBytes} bytes`, `${length} bytes`)
}

/** Checks everything but the values; the data must fill the rest of the source exactly. */
export const readNpyHeader = (source: ByteSource): NpyHeader => {
  const head = readHead(source, limits.maxNpyHeaderBytes + 12)
  const header = parseNpyHeader(source, head)
  const dataBytes = elementCount(header.shape) * header.itemBytes
  if (!Number.isSafeInteger(dataBytes) || dataBytes !== source.size - header.dataOffset) {
    const found = `${source.size - header.dataOffset} bytes`
    throw badFile(source, "data", `${dataBytes} bytes for shape [${header.shape}]`, found)
  }
  return header
}

/** Where the data begin, from at least the first 12 bytes. */
export const npyHeaderEnd = (source: ByteSource, head: Uint8Array): number => {
  const { start, length } = textRange(source, head)
  return start + length
}

/** From the first bytes alone; says nothing of the size of the data. */
export const parseNpyHeader = (source: ByteSource, head: Uint8Array): NpyHeader => {
  const { start, length } = textRange(source, head)
  if (start + length > head.length) {
    throw badFile(source, "header", `${start + length} bytes`, `${head.length} bytes`)
  }
  const text = new TextDecoder("latin1").decode(head.subarray(start, start + length))
  const match = dictionary.exec(text)
  if (match === null) {
    const expected = "{'descr': …, 'fortran_order': …, 'shape': (…), }"
    throw badFile(source, "header", expected, JSON.stringify(text.trim().slice(0, 120)))
  }
  const shape = parseShape(match[3]!)
  if (shape === null) {
    const found = `(${match[3]!.slice(0, 80)})`
    throw badFile(source, "shape", "extents from 0 to 2^53 - 1", found)
  }
  const descr = match[1]!
  const itemBytes = itemBytesOf(descr)
  if (itemBytes === null) throw badFile(source, "dtype", "a number type", descr)
  return { descr, itemBytes, fortranOrder: match[2] === "True", shape, dataOffset: start + length }
}

/** A version 1.0 header whose data begin at a multiple of 64 bytes, as numpy writes it. */
export const encodeNpyHeader = (descr: string, shape: ReadonlyArray<number>): Uint8Array => {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ")
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`
  const total = Math.ceil((10 + text.length + 1) / 64) * 64
  const bytes = new Uint8Array(total).fill(0x20)
  bytes.set(magic)
  bytes.set([1, 0, (total - 10) & 0xff, (total - 10) >> 8], 6)
  bytes.set(new TextEncoder().encode(text), 10)
  bytes[total - 1] = 0x0a
  return bytes
}
