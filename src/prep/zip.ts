// Reads members of a zip archive as numpy writes them: stored or deflated, zip64 or not. Sizes come
// from the central directory (local headers may hold 0xFFFFFFFF); every bound and CRC is checked.
import { constants, crc32, inflateRawSync } from "node:zlib"
import { limits } from "../model/limits.ts"
import { type ByteSource, badFile, chunksOf } from "./byteSource.ts"

export interface ZipEntry {
  readonly name: string
  readonly deflated: boolean
  readonly crc: number
  readonly packedBytes: number
  readonly bytes: number
  /** Of the local header. */
  readonly headerOffset: number
}

interface Directory {
  readonly offset: number
  readonly bytes: number
  readonly entries: number
}

/** Deflate cannot expand further than 1032 : 1; what claims more lies. */
const maxExpansion = 1032
const endRecordBytes = 22
const maxCommentBytes = 0xffff
const signatures = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 } as const

const readView = (source: ByteSource, offset: number, bytes: number, what: string): DataView => {
  if (offset < 0 || bytes < 0 || offset + bytes > source.size) {
    const found = `bytes ${offset} to ${offset + bytes} of ${source.size}`
    throw badFile(source, what, "a range inside the file", found)
  }
  const block = new Uint8Array(bytes)
  source.readInto(block, offset)
  return new DataView(block.buffer)
}

const uint64 = (source: ByteSource, view: DataView, at: number, what: string): number => {
  const value = Number(view.getBigUint64(at, true))
  if (Number.isSafeInteger(value)) return value
  throw badFile(source, what, "an offset below 2^53", `${value}`)
}

const findEnd = (source: ByteSource): { offset: number; view: DataView } => {
  const span = Math.min(source.size, endRecordBytes + maxCommentBytes)
  const tail = readView(source, source.size - span, span, "end record")
  for (let at = span - endRecordBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== signatures.end) continue
    if (at + endRecordBytes + tail.getUint16(at + 20, true) !== span) continue
    const view = new DataView(tail.buffer, at, endRecordBytes)
    return { offset: source.size - span + at, view }
  }
  throw badFile(source, "end record", "a zip archive", "no end of central directory")
}

const readDirectory = (source: ByteSource): Directory => {
  const { offset: endOffset, view: end } = findEnd(source)
  const narrow = {
    entries: end.getUint16(10, true),
    bytes: end.getUint32(12, true),
    offset: end.getUint32(16, true),
  }
  const isWide =
    narrow.entries === 0xffff || narrow.bytes === 0xffffffff || narrow.offset === 0xffffffff
  if (!isWide) return narrow
  const locator = readView(source, endOffset - 20, 20, "zip64 locator")
  if (locator.getUint32(0, true) !== signatures.locator64) {
    throw badFile(source, "zip64 locator", "its signature", "other bytes")
  }
  const wide = readView(source, uint64(source, locator, 8, "zip64 end"), 56, "zip64 end record")
  if (wide.getUint32(0, true) !== signatures.end64) {
    throw badFile(source, "zip64 end record", "its signature", "other bytes")
  }
  return {
    entries: uint64(source, wide, 32, "zip64 entries"),
    bytes: uint64(source, wide, 40, "zip64 directory"),
    offset: uint64(source, wide, 48, "zip64 directory"),
  }
}

/** The 64-bit sizes of the zip64 extra field, in the order the format fixes. */
const widen = (source: ByteSource, entry: ZipEntry, extra: DataView): ZipEntry => {
  const needs = [entry.bytes, entry.packedBytes, entry.headerOffset]
  if (!needs.includes(0xffffffff)) return entry
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const id = extra.getUint16(at, true)
    const end = at + 4 + extra.getUint16(at + 2, true)
    if (id !== 1) {
      at = end
      continue
    }
    let from = at + 4
    const values = needs.map((value) => {
      if (value !== 0xffffffff) return value
      if (from + 8 > Math.min(end, extra.byteLength)) {
        throw badFile(source, `${entry.name}: zip64 field`, "8 bytes a size", "fewer")
      }
      from += 8
      return uint64(source, extra, from - 8, `${entry.name}: zip64 field`)
    })
    return { ...entry, bytes: values[0]!, packedBytes: values[1]!, headerOffset: values[2]! }
  }
  throw badFile(source, entry.name, "a zip64 field", "none")
}

const checkEntry = (source: ByteSource, entry: ZipEntry, flags: number, method: number): void => {
  const fail = (expected: string, found: string) => {
    throw badFile(source, entry.name, expected, found)
  }
  if ((flags & 1) !== 0) fail("no encryption", "an encrypted member")
  if (method !== 0 && method !== 8) fail("stored or deflated", `compression method ${method}`)
  if (method === 0 && entry.bytes !== entry.packedBytes) {
    fail(`${entry.bytes} stored bytes`, `${entry.packedBytes}`)
  }
  if (entry.bytes > limits.maxArchiveMemberBytes) {
    fail(`at most ${limits.maxArchiveMemberBytes} bytes`, `${entry.bytes} bytes`)
  }
  if (entry.bytes > entry.packedBytes * maxExpansion) {
    fail(`at most ${entry.packedBytes * maxExpansion} bytes`, `${entry.bytes} bytes claimed`)
  }
}

/** The members by name, checked against the file's size and the limits; no data is read. */
export const readZipEntries = (source: ByteSource): ReadonlyMap<string, ZipEntry> => {
  const directory = readDirectory(source)
  if (directory.entries > limits.maxArchiveMembers) {
    const expected = `at most ${limits.maxArchiveMembers} members`
    throw badFile(source, "directory", expected, `${directory.entries}`)
  }
  const view = readView(source, directory.offset, directory.bytes, "directory")
  const found = new Map<string, ZipEntry>()
  let at = 0
  for (let index = 0; index < directory.entries; index++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== 0x02014b50) {
      throw badFile(source, `directory entry ${index}`, "its signature", "other bytes or the end")
    }
    const nameBytes = view.getUint16(at + 28, true)
    const extraBytes = view.getUint16(at + 30, true)
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true)
    if (next > view.byteLength) {
      throw badFile(source, `directory entry ${index}`, `${next} bytes`, `${view.byteLength}`)
    }
    const narrow: ZipEntry = {
      name: new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameBytes)),
      deflated: view.getUint16(at + 10, true) === 8,
      crc: view.getUint32(at + 16, true),
      packedBytes: view.getUint32(at + 20, true),
      bytes: view.getUint32(at + 24, true),
      headerOffset: view.getUint32(at + 42, true),
    }
    const extra = new DataView(view.buffer, at + 46 + nameBytes, extraBytes)
    const entry = widen(source, narrow, extra)
    checkEntry(source, entry, view.getUint16(at + 8, true), view.getUint16(at + 10, true))
    if (found.has(entry.name)) throw badFile(source, entry.name, "one such member", "two")
    found.set(entry.name, entry)
    at = next
  }
  return found
}

/** Offset of the member's packed bytes, past a local header whose own sizes are not trusted. */
const dataOffset = (source: ByteSource, entry: ZipEntry): number => {
  const local = readView(source, entry.headerOffset, 30, `${entry.name}: local header`)
  if (local.getUint32(0, true) !== 0x04034b50) {
    throw badFile(source, `${entry.name}: local header`, "its signature", "other bytes")
  }
  return entry.headerOffset + 30 + local.getUint16(26, true) + local.getUint16(28, true)
}

const inflate = (source: ByteSource, entry: ZipEntry, packed: Uint8Array, whole: boolean) => {
  try {
    return inflateRawSync(packed, {
      maxOutputLength: Math.max(1, whole ? entry.bytes : packed.length * maxExpansion),
      finishFlush: whole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    })
  } catch (error) {
    const found = error instanceof Error ? error.message : `${error}`
    throw badFile(source, entry.name, `${entry.bytes} bytes of deflate data`, found)
  }
}

/** The whole member; its length and CRC are those of the directory. */
export const readZipMember = (source: ByteSource, entry: ZipEntry): Uint8Array => {
  const at = dataOffset(source, entry)
  const packed = new Uint8Array(readView(source, at, entry.packedBytes, entry.name).buffer)
  const bytes = entry.deflated ? inflate(source, entry, packed, true) : packed
  if (bytes.length !== entry.bytes) {
    throw badFile(source, entry.name, `${entry.bytes} bytes`, `${bytes.length} bytes`)
  }
  let crc = 0
  for (const chunk of chunksOf(bytes)) crc = crc32(chunk, crc)
  if (crc !== entry.crc) {
    throw badFile(source, entry.name, `CRC ${entry.crc.toString(16)}`, crc.toString(16))
  }
  return bytes
}

/** At least the first `wanted` bytes of the member (all of it when shorter), inflating no more. */
export const readZipMemberHead = (
  source: ByteSource,
  entry: ZipEntry,
  wanted: number,
): Uint8Array => {
  const at = dataOffset(source, entry)
  for (let take = 4096; ; take *= 4) {
    const packedBytes = Math.min(take, entry.packedBytes)
    const packed = new Uint8Array(readView(source, at, packedBytes, entry.name).buffer)
    const bytes = entry.deflated ? inflate(source, entry, packed, false) : packed
    if (bytes.length >= Math.min(wanted, entry.bytes)) return bytes
    if (packedBytes === entry.packedBytes) {
      throw badFile(source, entry.name, `${entry.bytes} bytes`, `${bytes.length} bytes`)
    }
  }
}
