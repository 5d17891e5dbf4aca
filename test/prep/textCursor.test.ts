// The cursor under every text format: numbers as everybody else reads them, wherever blocks end.
import { gzipSync } from "node:zlib"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { limits } from "../../src/model/limits.ts"
import { readHead, withFile } from "../../src/prep/byteSource.ts"
import { TextCursor } from "../../src/prep/formats/TextCursor.ts"
import { inflateText, withText } from "../../src/prep/formats/withText.ts"
import { thrownBy } from "./files.ts"
import { fileOf, textSource } from "./texts.ts"

const cursor = (text: string) => new TextCursor(textSource(text))

describe("a number in a text", () => {
  it.each([
    "0",
    "1",
    "-1",
    "+1",
    "1.5",
    "-0.25",
    ".5",
    "5.",
    "1e3",
    "1E-3",
    "-2.5e+2",
    "123456789012345",
    "1234567890123456789",
    "0.1234567890123456789",
    "16777217",
    "3.4028234e38",
    "1e-50",
    "-0",
    "000012",
    "0.000000000000001",
  ])("%s is what numpy makes of it, as float32", (text) => {
    expect(cursor(text).readFloat("a number")).toBe(Math.fround(Number(text)))
  })

  it("is the nearest float32 of whatever double is written", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e30, max: 1e30 }),
        fc.nat(20),
        (value, digits) => {
          for (const text of [`${value}`, value.toPrecision(digits + 1), value.toFixed(digits)]) {
            expect(cursor(`${text}\n`).readFloat("a number")).toBe(Math.fround(Number(text)))
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it("is rounded once where it lies half-way between two float32", () => {
    const halfWay = fc.nat(2 ** 30).map((bits) => {
      const words = new Int32Array([bits + 2 ** 29, bits + 2 ** 29 + 1])
      const [low, high] = new Float32Array(words.buffer)
      return (low! + high!) / 2
    })
    fc.assert(
      fc.property(halfWay, (value) => {
        for (const text of [`${value}`, value.toPrecision(17), value.toPrecision(19)]) {
          expect(cursor(text).readFloat("a number")).toBe(Math.fround(Number(text)))
        }
      }),
      { numRuns: 5000 },
    )
  })

  it.each(["", "x", "-", "+", ".", "e5", "1e", "1.2.3", "--1", "1_000", "0x10", "1d3", "1;", "١"])(
    "is not %j",
    (text) => {
      expect(thrownBy(() => cursor(text).readFloat("a number"))).toMatchObject({
        _tag: "BadFile",
        place: "line 1",
        expected: "a number",
      })
    },
  )

  it.each(["nan", "NaN", "inf", "-Infinity", "1e39", "-1e400"])("is finite, not %s", (text) => {
    expect(thrownBy(() => cursor(`\n${text}`).readFloat("a number"))).toMatchObject({
      _tag: "BadFile",
    })
    const second = cursor(`\n${text}`)
    second.endLine()
    expect(thrownBy(() => second.readFloat("a number"))).toMatchObject({
      _tag: "NotFinite",
      place: "line 2",
    })
  })

  it.each(["-1", "+1", "1.0", "1e3", "x", "1x", ""])("is whole, not %j", (text) => {
    expect(thrownBy(() => cursor(text).readWhole("an id"))).toMatchObject({ expected: "an id" })
  })

  it("may have a sign where it is an integer", () => {
    expect(["-12", "+7", "9"].map((text) => cursor(text).readInteger("a label"))).toEqual([
      -12, 7, 9,
    ])
    expect(thrownBy(() => cursor("-").readInteger("a label"))).toMatchObject({ found: '"-"' })
  })

  it("has a bound on its length", () => {
    const most = "0".repeat(limits.maxNumberBytes - 1)
    expect(cursor(`${most}7`).readWhole("an id")).toBe(7)
    for (const tail of ["07", "07 1", `${"0".repeat(3_000_000)}7`]) {
      const found = thrownBy(() => cursor(most + tail).readWhole("an id")).found as string
      expect(found.length).toBeLessThan(60)
    }
  })

  it("is read whole wherever a block of the file ends", () => {
    const block = 1 << 20
    for (let shift = 0; shift < 24; shift++) {
      const comment = `#${"x".repeat(block - 14 - shift)}\n`
      const text = cursor(`${comment}123456789,-0.25e1\n7`)
      expect(text.seekEntry(new Set([35]))).toBe(true)
      expect(text.readWhole("an id")).toBe(123456789)
      expect(text.seekValue()).toBe(true)
      expect(text.readFloat("a weight")).toBe(-2.5)
      text.endLine()
      expect(text.readWhole("an id")).toBe(7)
      expect(text.line).toBe(3)
    }
  })

  it("is shown in an error without anything that a terminal obeys", () => {
    const { found } = thrownBy(() => cursor("\u001b[31m\u009b1m").readWhole("an id"))
    expect(found).toMatch(/^"[\x20-\x7e]*"$/)
  })
})

describe("a line of a text", () => {
  it("ends with a line feed, with or without a carriage return, or with the file", () => {
    const text = cursor("\ufeff1 2\r\n\r\n  \t\n3\t4 \n%no\n 5,6")
    const seen: Array<ReadonlyArray<number>> = []
    while (text.seekEntry(new Set([37]))) {
      const first = text.readWhole("an id")
      text.seekValue()
      seen.push([text.line, first, text.readWhole("an id")])
      text.endLine()
    }
    expect(seen).toEqual([
      [1, 1, 2],
      [4, 3, 4],
      [6, 5, 6],
    ])
  })

  it("has a value after each comma", () => {
    const text = cursor("1,\n2")
    text.readWhole("an id")
    expect(text.seekValue()).toBe(true)
    expect(thrownBy(() => text.readWhole("an id"))).toMatchObject({ found: "the end of the line" })
  })
})

describe("a gzip text", () => {
  const text = "1 2\n".repeat(5000)
  const packed = gzipSync(text)
  const read = (path: string) =>
    withText(path, (source) => Buffer.from(readHead(source, 1 << 20)).toString())

  it("is inflated by its first bytes, whatever its name, all members of it", () => {
    expect(read(fileOf("g.txt", packed))).toBe(text)
    expect(read(fileOf("g.txt.gz", text))).toBe(text)
    expect(read(fileOf("g.txt.gz", Buffer.concat([packed, gzipSync("3 4\n")])))).toBe(
      `${text}3 4\n`,
    )
  })

  it.each([
    ["cut in its data", packed.subarray(0, packed.length - 20)],
    ["cut in its trailer", packed.subarray(0, packed.length - 3)],
    ["of no more than its first bytes", packed.subarray(0, 2)],
    [
      "with a wrong checksum",
      packed.map((byte, at) => (at === packed.length - 7 ? byte ^ 1 : byte)),
    ],
    ["followed by something else", Buffer.concat([packed, Buffer.from("more")])],
  ])("that is %s is refused", (_name, bytes) => {
    const path = fileOf("g.txt.gz", bytes)
    expect(thrownBy(() => read(path))).toMatchObject({
      _tag: "BadFile",
      file: path,
      place: "gzip",
      expected: "gzip data",
    })
  })

  it("may inflate to a bound and no further", () => {
    const path = fileOf("g.txt.gz", packed)
    const size = (bound: number) => withFile(path, (source) => inflateText(source, bound).size)
    expect(size(text.length)).toBe(text.length)
    expect(thrownBy(() => size(text.length - 1))).toMatchObject({
      place: "gzip",
      expected: `at most ${text.length - 1} bytes of text`,
    })
  })
})
