// .npy files, from bytes made by hand.
import { describe, expect, it } from "vitest"
import { bytesSource } from "../../src/prep/byteSource.ts"
import { encodeNpy, readNpyFloat32, readNpyInt32 } from "../../src/prep/npy.ts"
import { readNpyHeader } from "../../src/prep/npyHeader.ts"
import { dictOf, floats, longs, npyBytes, raw, thrownBy } from "./files.ts"

const source = (bytes: Uint8Array) => bytesSource(bytes, "a.npy")
const readFloats = (bytes: Uint8Array) =>
  readNpyFloat32(source(bytes), readNpyHeader(source(bytes)))
const readInts = (bytes: Uint8Array, min = 0, max = 99) =>
  readNpyInt32(source(bytes), readNpyHeader(source(bytes)), {
    min,
    max,
    refuse: (place, flat, value) => new RangeError(`${place} ${flat} ${value}`),
  })

describe("npy", () => {
  it.each([1, 2, 3])("reads the header of version %i", (major) => {
    const header = readNpyHeader(
      source(npyBytes(dictOf("<f4", "(2, 3)"), floats(1, 2, 3, 4, 5, 6), major)),
    )
    expect(header).toMatchObject({ descr: "<f4", shape: [2, 3], fortranOrder: false })
    expect(header.dataOffset % 64).toBe(0)
  })

  it("reads float32 as it is and narrows float64, into shared memory", () => {
    const single = readFloats(npyBytes(dictOf("<f4", "(3,)"), floats(1.5, -2, 0)))
    const double = readFloats(npyBytes(dictOf("<f8", "(2,)"), raw(new Float64Array([0.1, 1e-300]))))
    expect([...single]).toEqual([1.5, -2, 0])
    expect([...double]).toEqual([Math.fround(0.1), 0])
    expect(single.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it("reads a matrix in Fortran order as its transposed self", () => {
    const floatMatrix = npyBytes(dictOf("<f4", "(2, 3)", true), floats(1, 4, 2, 5, 3, 6))
    expect([...readFloats(floatMatrix)]).toEqual([1, 2, 3, 4, 5, 6])
    const pairs = npyBytes(dictOf("<i8", "(2, 3)", true), longs(0, 1, 1, 2, 2, 0))
    expect([...readInts(pairs)]).toEqual([0, 1, 2, 1, 2, 0])
  })

  it("reads int32 and int64 alike, negative ones too", () => {
    expect([
      ...readInts(npyBytes(dictOf("<i4", "(2,)"), raw(new Int32Array([-7, 9]))), -9),
    ]).toEqual([-7, 9])
    expect([...readInts(npyBytes(dictOf("<i8", "(2,)"), longs(-7, 9)), -9)]).toEqual([-7, 9])
  })

  it("names the first value out of bounds, however wide, and where it stands", () => {
    const wide = npyBytes(dictOf("<i8", "(2, 2)"), longs(0, 1, 2 ** 40 + 3, 5))
    expect(() => readInts(wide)).toThrow("[1, 0] 2 1099511627779")
    expect(() => readInts(npyBytes(dictOf("<i8", "(2,)"), longs(0, -(2 ** 33))))).toThrow(
      "[1] 1 -8589934592",
    )
    const fortran = npyBytes(dictOf("<i8", "(2, 3)", true), longs(0, 1, 100, 2, 2, 0))
    expect(() => readInts(fortran)).toThrow("[0, 1] 1 100")
  })

  it("refuses NaN and infinity with their place, and float64 that float32 cannot hold", () => {
    const nan = npyBytes(dictOf("<f4", "(2, 2)"), floats(0, 1, 2, Number.NaN))
    expect(thrownBy(() => readFloats(nan))).toMatchObject({ _tag: "NotFinite", place: "[1, 1]" })
    const column = npyBytes(dictOf("<f4", "(2, 2)", true), floats(0, 1, Number.NaN, 3))
    expect(thrownBy(() => readFloats(column))).toMatchObject({ place: "[0, 1]" })
    const huge = npyBytes(dictOf("<f8", "(1,)"), raw(new Float64Array([1e300])))
    expect(thrownBy(() => readFloats(huge))).toMatchObject({ _tag: "NotFinite", value: 1e300 })
  })

  it.each([">f4", "<f2", "<i8", "<c8", "|O"])("refuses features of dtype %s", (descr) => {
    const bytes = npyBytes(dictOf(descr, "(1,)"), new Uint8Array(descr === ">f4" ? 4 : 8))
    expect(thrownBy(() => readFloats(bytes))).toMatchObject({ _tag: "BadFile", file: "a.npy" })
  })

  it.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array(0)],
    ["another magic", new Uint8Array(80)],
    ["version 9", npyBytes(dictOf("<f4", "(1,)"), floats(1), 9)],
    ["a header cut short", npyBytes(dictOf("<f4", "(1,)"), floats(1)).slice(0, 40)],
    ["a header that is no dictionary", npyBytes("['<f4', (1,)]", floats(1))],
    ["a structured dtype", npyBytes("{'descr': [('a', '<f4')], 'shape': (1,)}", floats(1))],
    ["a negative extent", npyBytes(dictOf("<f4", "(-1,)"), floats(1))],
    ["a huge extent", npyBytes(dictOf("<f4", "(99999999999999999999,)"), floats(1))],
    ["extents whose product is huge", npyBytes(dictOf("<f4", "(9007199254740991, 9)"), floats(1))],
    ["fewer data than the shape", npyBytes(dictOf("<f4", "(2,)"), floats(1))],
    ["more data than the shape", npyBytes(dictOf("<f4", "(1,)"), floats(1, 2))],
  ])("refuses %s", (_name, bytes) => {
    expect(thrownBy(() => readNpyHeader(source(bytes)))).toMatchObject({ _tag: "BadFile" })
  })

  it("shows the extents that cannot be, not the whole header", () => {
    for (const extents of ["-1, 5", "4611686018427387904, 2", "1.5,"]) {
      const bytes = npyBytes(dictOf("<f4", `(${extents})`), floats(1))
      expect(thrownBy(() => readNpyHeader(source(bytes)))).toMatchObject({
        place: "shape",
        found: `(${extents})`,
      })
    }
  })

  it("writes what it reads", () => {
    const values = new Float32Array([1, 2, 3, 4, 5, 6])
    const bytes = encodeNpy([3, 2], values)
    expect(readNpyHeader(source(bytes)).shape).toEqual([3, 2])
    expect(readFloats(bytes)).toEqual(readFloats(npyBytes(dictOf("<f4", "(3, 2)"), raw(values))))
    expect(readNpyHeader(source(encodeNpy([], new Float32Array(1)))).shape).toEqual([])
    expect(readNpyHeader(source(encodeNpy([0], new Float32Array(0)))).shape).toEqual([0])
  })
})
