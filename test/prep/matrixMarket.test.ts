// Matrix Market files: entries as scipy's mmread has them, and every way in which one can be wrong.
import { describe, expect, it } from "vitest"
import { limits } from "../../src/model/limits.ts"
import { readMatrixMarket } from "../../src/prep/formats/matrixMarket.ts"
import { thrownBy } from "./files.ts"
import { shown, textSource } from "./texts.ts"

const read = (text: string) => readMatrixMarket(textSource(text, "g.mtx"))
const file = (kind: string, ...lines: ReadonlyArray<string>) =>
  `%%MatrixMarket matrix coordinate ${kind}\n${lines.join("\n")}\n`

describe("a Matrix Market file", () => {
  it("is a graph from rows to columns, in its order, loops and duplicates included", () => {
    const edges = read(file("pattern general", "4 4 5", "1 2", "3 1", "2 2", "1 2", "1 4"))
    expect(edges.numNodes).toBe(4)
    expect(shown(edges)).toEqual(["0>1", "2>0", "1>1", "0>1", "0>3"])
  })

  it("gives its values as weights, zeros included", () => {
    const real = file("real general", "3 3 3", "1 2 1.5", "3 1 -2e-1", "2 2 0")
    expect(shown(read(real))).toEqual(["0>1:1.5", `2>0:${Math.fround(-0.2)}`, "1>1:0"])
    expect(shown(read(real.replace("real", "double")))).toEqual(shown(read(real)))
    expect(shown(read(file("integer general", "3 3 1", "3 1 -7")))).toEqual(["2>0:-7"])
  })

  it("holds half of a symmetric matrix: the other follows, the diagonal once", () => {
    const lines = ["3 3 3", "2 1 1.5", "1 1 3", "3 2 4"]
    expect(shown(read(file("real symmetric", ...lines)))).toEqual([
      "1>0:1.5",
      "0>0:3",
      "2>1:4",
      "0>1:1.5",
      "1>2:4",
    ])
    expect(shown(read(file("pattern symmetric", "2 2 1", "2 1")))).toEqual(["1>0", "0>1"])
    expect(shown(read(file("integer skew-symmetric", "2 2 1", "2 1 5")))).toEqual([
      "1>0:5",
      "0>1:-5",
    ])
  })

  it("may have comments, blank lines, other line ends, blanks and capitals", () => {
    const text =
      "\ufeff%%matrixmarket  MATRIX Coordinate\tPattern GENERAL \r\n%a\r\n\r\n%\r\n 2  2\t1 \r\n" +
      "% between\r\n\r\n  1\t2  \r\n\r\n% after\r\n"
    expect(shown(read(text))).toEqual(["0>1"])
  })

  it("may be empty", () => {
    expect(read(file("pattern general", "3 3 0"))).toMatchObject({ numNodes: 3 })
    expect(read(file("real symmetric", "0 0 0")).edgeIndex).toHaveLength(0)
  })

  it.each<[string, string, string, RegExp]>([
    ["an array", "array real general", "coordinate", /array/],
    ["complex values", "coordinate complex general", "pattern, real, double, integer", /complex/],
    ["a hermitian matrix", "coordinate real hermitian", "general, symmetric, ", /hermitian/],
  ])("with %s is refused by name", (_name, words, supported, found) => {
    const error = thrownBy(() => read(`%%MatrixMarket matrix ${words}\n1 1 0\n`))
    expect(error).toMatchObject({ _tag: "Unsupported", file: "g.mtx", path: "line 1" })
    expect(error.supported).toContain(supported)
    expect(error.found).toMatch(found)
  })

  it("with a vector is refused by name", () => {
    const error = thrownBy(() => read("%%MatrixMarket vector coordinate real general\n1 1\n"))
    expect(error).toMatchObject({ _tag: "Unsupported", supported: "matrix" })
  })

  it.each<[string, string, string, RegExp, RegExp]>([
    ["nothing", "", "line 1", /%%MatrixMarket/, /""/],
    ["another first line", "1 2\n", "line 1", /%%MatrixMarket/, /"1"/],
    ["a field that is none", file("rael general", "1 1 0"), "line 1", /pattern, real/, /rael/],
    ["half a banner", "%%MatrixMarket matrix coordinate real\n1 1 0\n", "line 1", /general/, /""/],
    ["a word too many", file("real general x", "1 1 0"), "line 1", /end of the line/, /"x"/],
    [
      "a skew pattern",
      file("pattern skew-symmetric", "1 1 0"),
      "line 1",
      /real or integer/,
      /patt/,
    ],
    [
      "no size",
      "%%MatrixMarket matrix coordinate real general\n%\n",
      "line 3",
      /rows/,
      /end of the f/,
    ],
    ["half a size", file("real general", "3 3"), "line 2", /number of entries/, /end of the line/],
    ["a fourth size", file("real general", "3 3 0 1"), "line 2", /end of the line/, /"1"/],
    ["more rows than columns", file("real general", "3 4 0"), "line 2", /square/, /3 rows, 4 col/],
    ["an index of 0", file("pattern general", "3 3 1", "0 1"), "line 3", /row from 1 to 3/, /^0$/],
    ["a column too far", file("pattern general", "3 3 1", "1 4"), "line 3", /column from 1/, /^4$/],
    ["a negative row", file("pattern general", "3 3 1", "-1 1"), "line 3", /a row/, /"-1"/],
    ["a row that is no number", file("pattern general", "3 3 1", "a 1"), "line 3", /a row/, /"a"/],
    ["a fraction of a row", file("pattern general", "3 3 1", "1.0 1"), "line 3", /a row/, /"1.0"/],
    ["no column", file("pattern general", "3 3 1", "1"), "line 3", /a column/, /end of the line/],
    ["no value", file("real general", "3 3 1", "1 1"), "line 3", /a number/, /end of the line/],
    ["a value for a pattern", file("pattern general", "3 3 1", "1 1 5"), "line 3", /end of/, /"5"/],
    ["two values", file("real general", "3 3 1", "1 1 5 6"), "line 3", /end of the line/, /"6"/],
    ["a value that is none", file("real general", "3 3 1", "1 1 x"), "line 3", /a number/, /"x"/],
    [
      "a fraction for integers",
      file("integer general", "1 1 1", "1 1 .5"),
      "line 3",
      /whole/,
      /".5"/,
    ],
    ["commas", file("pattern general", "3 3 1", "1,2"), "line 3", /a column/, /","/],
    [
      "an entry too few",
      file("pattern general", "3 3 2", "1 1"),
      "line 4",
      /2 entries, not 1/,
      /end/,
    ],
    [
      "an entry too many",
      file("pattern general", "3 3 1", "1 1", "2 2"),
      "line 4",
      /after 1/,
      /"2"/,
    ],
    [
      "a skew diagonal",
      file("real skew-symmetric", "3 3 1", "2 2 1"),
      "line 3",
      /no entry on the diagonal/,
      /column 2/,
    ],
  ])("with %s is refused, with the line", (_name, text, place, expected, found) => {
    const error = thrownBy(() => read(text))
    expect(error).toMatchObject({ _tag: "BadFile", file: "g.mtx", place })
    expect(error.expected).toMatch(expected)
    expect(error.found).toMatch(found)
  })

  it("refuses values that are not finite", () => {
    const text = file("real general", "3 3 1", "1 1 nan")
    expect(thrownBy(() => read(text))).toMatchObject({ _tag: "NotFinite", place: "line 3" })
  })

  it("takes no room for what it only claims", () => {
    const many = `${limits.maxTextNodes + 1}`
    const nodes = file("pattern general", `${many} ${many} 1`, "1 1")
    expect(thrownBy(() => read(nodes))).toMatchObject({
      _tag: "IndexOverflow",
      limit: limits.maxTextNodes,
    })
    const entries = file("pattern general", "3 3 2147483648", "1 1")
    expect(thrownBy(() => read(entries))).toMatchObject({ value: 2 ** 31, limit: 2 ** 31 - 1 })
    const fewer = file("pattern general", "3 3 2000000000", "1 1")
    expect(thrownBy(() => read(fewer))).toMatchObject({ place: "line 4" })
  })
})
