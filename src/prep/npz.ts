// A scipy-CSR matrix in a .npz archive (indices, indptr, data, shape, format): its extents from the
// members' first bytes alone, or all of it, checked, in shared memory; and the writer.
import { type Zippable, zipSync } from "fflate"
import type { SparseFeatures } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { type ByteSource, badFile, bytesSource, writeFileParts } from "./byteSource.ts"
import { encodeNpy, readNpyFloat32, readNpyInt32 } from "./npy.ts"
import {
  encodeNpyHeader,
  type NpyHeader,
  npyHeaderEnd,
  parseNpyHeader,
  readNpyHeader,
} from "./npyHeader.ts"
import { readZipEntries, readZipMember, readZipMemberHead, type ZipEntry } from "./zip.ts"

/** Extents of a CSR matrix. */
export interface SparseShape {
  readonly rows: number
  readonly cols: number
  readonly nonZeros: number
}

interface Archive {
  readonly source: ByteSource
  readonly entries: ReadonlyMap<string, ZipEntry>
}

const entryOf = (archive: Archive, member: string): ZipEntry => {
  const entry = archive.entries.get(`${member}.npy`)
  if (entry !== undefined) return entry
  const names = [...archive.entries.keys()].slice(0, 8).join(", ")
  throw badFile(archive.source, `${member}.npy`, "a scipy CSR matrix", `members ${names || "none"}`)
}

/** The npy header of a member; the declared size of the member must fit its shape. */
const headerOf = (archive: Archive, member: string): NpyHeader => {
  const entry = entryOf(archive, member)
  const place = `${member}.npy: `
  const first = readZipMemberHead(archive.source, entry, 12)
  const source = bytesSource(first, archive.source.file, place)
  const headerBytes = npyHeaderEnd(source, first)
  const isWhole = headerBytes <= first.length
  const head = isWhole ? first : readZipMemberHead(archive.source, entry, headerBytes)
  const header = parseNpyHeader(source, head)
  const count = header.shape.reduce((product, extent) => product * extent, 1)
  const needed = header.dataOffset + count * header.itemBytes
  if (needed !== entry.bytes) {
    const expected = `${needed} bytes for shape [${header.shape}]`
    throw badFile(source, "data", expected, `${entry.bytes} bytes`)
  }
  return header
}

const vectorLength = (archive: Archive, member: string): number => {
  const { shape } = headerOf(archive, member)
  if (shape.length === 1) return shape[0]!
  throw badFile(archive.source, `${member}.npy: shape`, "one axis", `[${shape}]`)
}

const memberSource = (archive: Archive, member: string): ByteSource => {
  const bytes = readZipMember(archive.source, entryOf(archive, member))
  return bytesSource(bytes, archive.source.file, `${member}.npy: `)
}

/** The text of a small |S or <U scalar, as scipy's `format`. */
const readText = (archive: Archive, member: string): string => {
  const { itemBytes } = headerOf(archive, member)
  const source = memberSource(archive, member)
  const header = readNpyHeader(source)
  const text = new Uint8Array(itemBytes)
  if (header.shape.length === 0) source.readInto(text, header.dataOffset)
  return new TextDecoder("latin1").decode(text).replaceAll("\0", "")
}

const readInts = (archive: Archive, member: string, min: number, max: number): Int32Array => {
  const source = memberSource(archive, member)
  return readNpyInt32(source, readNpyHeader(source), {
    min,
    max,
    refuse: (place, _flat, value) => badFile(source, place, `${min} to ${max}`, `${value}`),
  })
}

const openArchive = (source: ByteSource): Archive => ({ source, entries: readZipEntries(source) })

const shapeOf = (archive: Archive): SparseShape => {
  const { source } = archive
  const format = readText(archive, "format")
  if (format !== "csr") throw badFile(source, "format.npy", "csr", JSON.stringify(format))
  const shape = readInts(archive, "shape", 0, limits.maxIndex)
  if (shape.length !== 2) throw badFile(source, "shape.npy", "two extents", `${shape.length}`)
  const [rows, cols] = [shape[0]!, shape[1]!]
  const offsets = vectorLength(archive, "indptr")
  if (offsets !== rows + 1) throw badFile(source, "indptr.npy", `${rows + 1} offsets`, `${offsets}`)
  const nonZeros = vectorLength(archive, "indices")
  const values = vectorLength(archive, "data")
  if (values !== nonZeros) throw badFile(source, "data.npy", `${nonZeros} values`, `${values}`)
  return { rows, cols, nonZeros }
}

/** Rows, columns and stored entries; indices, offsets and values are not read. */
export const readSparseShape = (source: ByteSource): SparseShape => shapeOf(openArchive(source))

/** Offsets must begin at 0, never fall and end at the number of stored entries. */
const checkOffsets = (source: ByteSource, offsets: Int32Array, nonZeros: number): void => {
  let last = 0
  for (let row = 0; row < offsets.length; row++) {
    const offset = offsets[row]!
    const isBad = row === 0 ? offset !== 0 : offset < last
    if (isBad) {
      const expected = row === 0 ? "0" : `at least ${last}`
      throw badFile(source, `indptr.npy: [${row}]`, expected, `${offset}`)
    }
    last = offset
  }
  if (last !== nonZeros) throw badFile(source, "indptr.npy: last", `${nonZeros}`, `${last}`)
}

export const readSparse = (
  source: ByteSource,
): { readonly shape: SparseShape; readonly features: SparseFeatures } => {
  const archive = openArchive(source)
  const shape = shapeOf(archive)
  const rowOffsets = readInts(archive, "indptr", 0, shape.nonZeros)
  checkOffsets(source, rowOffsets, shape.nonZeros)
  const colIndices = readInts(archive, "indices", 0, shape.cols - 1)
  const data = memberSource(archive, "data")
  const values = readNpyFloat32(data, readNpyHeader(data))
  return { shape, features: { kind: "csr", rowOffsets, colIndices, values } }
}

/** Writes what `scipy.sparse.load_npz` reads. */
export const writeSparse = (
  path: string,
  shape: { readonly rows: number; readonly cols: number },
  features: SparseFeatures,
): void => {
  const formatHeader = encodeNpyHeader("|S3", [])
  const format = new Uint8Array(formatHeader.length + 3)
  format.set(formatHeader)
  format.set(new TextEncoder().encode("csr"), formatHeader.length)
  const extents = new BigInt64Array([BigInt(shape.rows), BigInt(shape.cols)])
  const members: Zippable = {
    "indices.npy": encodeNpy([features.colIndices.length], features.colIndices),
    "indptr.npy": encodeNpy([features.rowOffsets.length], features.rowOffsets),
    "format.npy": format,
    "shape.npy": encodeNpy([2], extents),
    "data.npy": encodeNpy([features.values.length], features.values),
  }
  writeFileParts(path, [zipSync(members, { level: 1, mtime: "1980-01-01T00:00:00" })])
}
