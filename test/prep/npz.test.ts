// scipy-CSR archives: stored, deflated, zip64 local headers, and every way they can be wrong.
import { crc32, deflateRawSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { bytesSource } from "../../src/prep/byteSource.ts"
import { readSparse, readSparseShape } from "../../src/prep/npz.ts"
import { dictOf, floats, longs, npyBytes, raw, thrownBy } from "./files.ts"

type Members = Readonly<Record<string, Uint8Array>>

interface ZipStyle {
  readonly deflated: boolean
  /** 0xFFFFFFFF in the local headers, sizes in a zip64 field, as scipy writes. */
  readonly wideLocal: boolean
  /** The same in the central directory. */
  readonly wideCentral: boolean
  /** The counts and offsets of the end record in a zip64 one before it. */
  readonly wideEnd?: boolean
}

const zip64Field = (...values: Array<number>): Buffer => {
  const field = Buffer.alloc(4 + values.length * 8)
  field.writeUInt16LE(1, 0)
  field.writeUInt16LE(values.length * 8, 2)
  for (const [i, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
  return field
}

/** The zip64 end record and its locator; the plain record then holds nothing but 0xFF. */
const wideEnd = (end: Buffer, at: number): Buffer => {
  const wide = Buffer.alloc(56 + 20)
  wide.writeUInt32LE(0x06064b50, 0)
  wide.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32)
  wide.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40)
  wide.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48)
  wide.writeUInt32LE(0x07064b50, 56)
  wide.writeBigUInt64LE(BigInt(at), 64)
  end.fill(0xff, 8, 20)
  return wide
}

/** An archive, byte by byte. `claim` lies about a member's inflated size. */
const zip = (members: Members, style: ZipStyle, claim: Record<string, number> = {}): Uint8Array => {
  const parts: Array<Buffer> = []
  const directory: Array<Buffer> = []
  let offset = 0
  for (const [name, bytes] of Object.entries(members)) {
    const data = style.deflated ? deflateRawSync(bytes) : Buffer.from(bytes)
    const size = claim[name] ?? bytes.length
    const localExtra = style.wideLocal ? zip64Field(size, data.length) : Buffer.alloc(0)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(style.deflated ? 8 : 0, 8)
    local.writeUInt32LE(style.wideLocal ? 0xffffffff : data.length, 18)
    local.writeUInt32LE(style.wideLocal ? 0xffffffff : size, 22)
    local.writeUInt16LE(name.length, 26)
    local.writeUInt16LE(localExtra.length, 28)
    const centralExtra = style.wideCentral ? zip64Field(size, data.length, offset) : Buffer.alloc(0)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(style.deflated ? 8 : 0, 10)
    central.writeUInt32LE(crc32(bytes), 16)
    central.writeUInt32LE(style.wideCentral ? 0xffffffff : data.length, 20)
    central.writeUInt32LE(style.wideCentral ? 0xffffffff : size, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt16LE(centralExtra.length, 30)
    central.writeUInt32LE(style.wideCentral ? 0xffffffff : offset, 42)
    parts.push(local, Buffer.from(name), localExtra, data)
    directory.push(central, Buffer.from(name), centralExtra)
    offset += 30 + name.length + localExtra.length + data.length
  }
  const end = Buffer.alloc(22)
  const listed = Buffer.concat(directory)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(members).length, 8)
  end.writeUInt16LE(Object.keys(members).length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  const wide = style.wideEnd ? wideEnd(end, offset + listed.length) : Buffer.alloc(0)
  return new Uint8Array(Buffer.concat([...parts, listed, wide, end]))
}

const ints = (...values: Array<number>) => raw(new Int32Array(values))

/** 3 × 4 with [0, 1] = 5, [2, 0] = 6, [2, 3] = 7. */
const members = (changed: Members = {}): Members => ({
  "indices.npy": npyBytes(dictOf("<i4", "(3,)"), ints(1, 0, 3)),
  "indptr.npy": npyBytes(dictOf("<i4", "(4,)"), ints(0, 1, 1, 3)),
  "format.npy": npyBytes(dictOf("|S3", "()"), new TextEncoder().encode("csr")),
  "shape.npy": npyBytes(dictOf("<i8", "(2,)"), longs(3, 4)),
  "data.npy": npyBytes(dictOf("<f4", "(3,)"), floats(5, 6, 7)),
  ...changed,
})

const plain: ZipStyle = { deflated: true, wideLocal: false, wideCentral: false }
const source = (bytes: Uint8Array) => bytesSource(bytes, "x.npz")
const refused = (changed: Members) =>
  thrownBy(() => readSparse(source(zip(members(changed), plain))))

describe("npz", () => {
  it.each<[string, ZipStyle]>([
    ["deflated", plain],
    ["stored", { ...plain, deflated: false }],
    ["as scipy writes it, 0xFFFFFFFF in local headers", { ...plain, wideLocal: true }],
    ["with zip64 fields everywhere", { deflated: true, wideLocal: true, wideCentral: true }],
    ["with a zip64 end record", { ...plain, wideEnd: true }],
  ])("reads a CSR matrix %s", (_name, style) => {
    const bytes = zip(members(), style)
    const { shape, features } = readSparse(source(bytes))
    expect(shape).toEqual({ rows: 3, cols: 4, nonZeros: 3 })
    expect(readSparseShape(source(bytes))).toEqual(shape)
    expect([...features.rowOffsets]).toEqual([0, 1, 1, 3])
    expect([...features.colIndices]).toEqual([1, 0, 3])
    expect([...features.values]).toEqual([5, 6, 7])
    expect(features.values.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it("reads int64 offsets and indices, float64 values and a <U format", () => {
    // numpy's <U is UTF-32.
    const format = raw(new Int32Array([..."csr"].map((letter) => letter.charCodeAt(0))))
    const wide = members({
      "indices.npy": npyBytes(dictOf("<i8", "(3,)"), longs(1, 0, 3)),
      "indptr.npy": npyBytes(dictOf("<i8", "(4,)"), longs(0, 1, 1, 3)),
      "data.npy": npyBytes(dictOf("<f8", "(3,)"), raw(new Float64Array([5, 6, 7]))),
      "format.npy": npyBytes(dictOf("<U3", "()"), format),
    })
    expect(readSparse(source(zip(wide, plain)))).toEqual(readSparse(source(zip(members(), plain))))
  })

  it.each<[string, Members]>([
    ["another sparse format", { "format.npy": npyBytes(dictOf("|S3", "()"), Buffer.from("csc")) }],
    ["offsets of another length", { "indptr.npy": npyBytes(dictOf("<i4", "(3,)"), ints(0, 1, 3)) }],
    ["offsets that fall", { "indptr.npy": npyBytes(dictOf("<i4", "(4,)"), ints(0, 2, 1, 3)) }],
    [
      "offsets that start late",
      { "indptr.npy": npyBytes(dictOf("<i4", "(4,)"), ints(1, 1, 1, 3)) },
    ],
    ["offsets that end early", { "indptr.npy": npyBytes(dictOf("<i4", "(4,)"), ints(0, 1, 1, 2)) }],
    ["a column out of range", { "indices.npy": npyBytes(dictOf("<i4", "(3,)"), ints(1, 4, 3)) }],
    ["a negative column", { "indices.npy": npyBytes(dictOf("<i4", "(3,)"), ints(1, -1, 3)) }],
    ["fewer values than indices", { "data.npy": npyBytes(dictOf("<f4", "(2,)"), floats(5, 6)) }],
    ["integer values", { "data.npy": npyBytes(dictOf("<i4", "(3,)"), ints(5, 6, 7)) }],
    ["a shape of three", { "shape.npy": npyBytes(dictOf("<i8", "(3,)"), longs(3, 4, 1)) }],
    ["a negative shape", { "shape.npy": npyBytes(dictOf("<i8", "(2,)"), longs(-3, 4)) }],
  ])("refuses %s", (_name, changed) => {
    expect(refused(changed)).toMatchObject({ _tag: "BadFile", file: "x.npz" })
  })

  it("refuses NaN among the values, naming the member", () => {
    const error = refused({
      "data.npy": npyBytes(dictOf("<f4", "(3,)"), floats(5, Number.NaN, 7)),
    })
    expect(error).toMatchObject({ _tag: "NotFinite", place: "data.npy: [1]" })
  })

  it("refuses an archive without a member, naming it", () => {
    const { "data.npy": _gone, ...rest } = members()
    expect(thrownBy(() => readSparse(source(zip(rest, plain))))).toMatchObject({
      place: "data.npy",
    })
  })

  it("refuses a flipped bit by its CRC", () => {
    const bytes = zip(members(), { ...plain, deflated: false })
    const at = Buffer.from(bytes).indexOf(Buffer.from(floats(5, 6, 7)))
    bytes[at + 1]! ^= 1
    expect(thrownBy(() => readSparse(source(bytes)))).toMatchObject({
      _tag: "BadFile",
      place: "data.npy",
    })
  })

  it("refuses a member that claims more bytes than deflate can make, before inflating it", () => {
    const bytes = zip(members(), plain, { "data.npy": 2 ** 30 })
    expect(thrownBy(() => readSparseShape(source(bytes)))).toMatchObject({ place: "data.npy" })
  })

  it("stops at the claimed size when a member inflates to more", () => {
    const bomb = npyBytes(dictOf("<f4", "(3000000,)"), new Uint8Array(12_000_000))
    const bytes = zip(members({ "data.npy": bomb }), plain, { "data.npy": 140 })
    const error = thrownBy(() => readSparse(source(bytes)))
    expect(error).toMatchObject({ _tag: "BadFile" })
  })

  it("refuses what is no archive", () => {
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(100),
      zip(members(), plain).slice(0, -1),
    ]) {
      expect(thrownBy(() => readSparse(source(bytes)))).toMatchObject({ place: "end record" })
    }
  })
})
