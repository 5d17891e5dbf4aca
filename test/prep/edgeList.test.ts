// Edge lists, and what their options make of them.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { limits } from "../../src/model/limits.ts"
import { coalesce, toUndirected } from "../../src/prep/formats/coalesce.ts"
import type { Edges } from "../../src/prep/formats/EdgeBuffer.ts"
import { readEdgeList } from "../../src/prep/formats/edgeList.ts"
import { thrownBy } from "./files.ts"
import { shown, textSource } from "./texts.ts"

const read = (text: string, compact = false) => readEdgeList(textSource(text), compact)

describe("an edge list", () => {
  it("is a graph of its ids, in its order, loops and duplicates included", () => {
    const edges = read("# Nodes: 9\n# From\tTo\n0\t3\n3\t3\n1\t0\n0\t3\n")
    expect(edges.numNodes).toBe(4)
    expect(shown(edges)).toEqual(["0>3", "3>3", "1>0", "0>3"])
  })

  it.each([
    ["tabs", "1\t2\n0\t1\n"],
    ["blanks", " 1   2\n0 1"],
    ["commas", "1,2\n0, 1\n"],
    ["line ends of Windows", "\ufeff1 2\r\n\r\n0 1\r\n"],
    ["a header", "source,target\n1,2\n0,1\n"],
    ["a quoted header after a comment", '# x\n"a","b"\n1,2\n0,1\n'],
    ["other comments", "% sym\n%\n1 2\n# between\n0 1\n"],
  ])("may have %s", (_name, text) => {
    expect(shown(read(text))).toEqual(["1>2", "0>1"])
  })

  it("may have weights", () => {
    expect(shown(read("a,b,w\n1,2,0.5\n0,1,-3\n"))).toEqual(["1>2:0.5", "0>1:-3"])
  })

  it("may be empty", () => {
    expect(read("# nothing\n")).toMatchObject({ numNodes: 0, edgeWeight: null })
    expect(read("", true).edgeIndex).toHaveLength(0)
  })

  it("numbers the ids that occur where it is told to, in their order", () => {
    const edges = read("7 1000000000\n2147483647 7\n30 30\n", true)
    expect(edges.numNodes).toBe(4)
    expect(shown(edges)).toEqual(["0>2", "3>0", "1>1"])
  })

  it("numbers any ids as a search among the sorted ones would", () => {
    const ids = fc.oneof(fc.nat(40), fc.nat(5000), fc.nat(2 ** 31 - 1))
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, ids), { minLength: 1 }), (pairs) => {
        const edges = read(pairs.map((pair) => pair.join(" ")).join("\n"), true)
        const sorted = [...new Set(pairs.flat())].sort((a, b) => a - b)
        const place = (id: number) => sorted.indexOf(id)
        expect(edges.numNodes).toBe(sorted.length)
        expect(shown(edges)).toEqual(pairs.map(([a, b]) => `${place(a)}>${place(b)}`))
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, string, string, RegExp, RegExp]>([
    ["one id", "0 1\n2\n", "line 2", /a node id/, /end of the line/],
    ["one id at its end", "0 1\n2", "line 2", /a node id/, /end of the file/],
    ["a word", "0 1\n# x\nab 2\n", "line 3", /a node id/, /"ab"/],
    ["a header that is not first", "0 1\na,b\n", "line 2", /a node id/, /"a"/],
    ["a negative id", "0 -1\n", "line 1", /a node id/, /"-1"/],
    ["a fractional id", "0 1.5\n", "line 1", /a node id/, /"1.5"/],
    ["a quoted id", '"0" "1"\n"2" "3"\n', "line 2", /a node id/, /2/],
    ["a semicolon", "0;1\n", "line 1", /a node id/, /"0;1"/],
    ["two commas", "0,,1\n", "line 1", /a node id/, /","/],
    [
      "a comma at the end",
      "0,1\n0,1,\n",
      "line 2",
      /end of the line, as before/,
      /end of the line/,
    ],
    ["a weight once", "0 1\n1 2 0.5\n", "line 2", /end of the line, as before/, /"0.5"/],
    ["a weight too few", "0 1 1\n1 2\n", "line 2", /a weight, as before/, /end of the line/],
    ["a weight that is none", "0 1 1\n1 2 x\n", "line 2", /a weight/, /"x"/],
    ["a fourth column", "0 1 1 5\n", "line 1", /the end of the line/, /"5"/],
  ])("with %s is refused, with the line", (_name, text, place, expected, found) => {
    const error = thrownBy(() => read(text))
    expect(error).toMatchObject({ _tag: "BadFile", file: "g.txt", place })
    expect(error.expected).toMatch(expected)
    expect(error.found).toMatch(found)
  })

  it("refuses ids beyond the limit, with the line and before making room", () => {
    const most = limits.maxTextNodes - 1
    expect(read(`0 ${most}\n`).numNodes).toBe(limits.maxTextNodes)
    expect(thrownBy(() => read(`0 1\n0 ${most + 1}\n`))).toMatchObject({
      _tag: "IndexOverflow",
      what: "the node id in line 2",
      value: most + 1,
      limit: most,
    })
    expect(thrownBy(() => read("0 2147483648\n", true))).toMatchObject({ limit: 2 ** 31 - 1 })
    expect(thrownBy(() => read(`0 ${"9".repeat(40)}\n`))).toMatchObject({ _tag: "IndexOverflow" })
  })
})

describe("edges that are coalesced", () => {
  const graphs = fc.record({
    numNodes: fc.integer({ min: 1, max: 9 }),
    ends: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: -4, max: 4 })), {
      maxLength: 40,
    }),
    weighted: fc.boolean(),
  })
  type Drawn = typeof graphs extends fc.Arbitrary<infer T> ? T : never

  const edgesOf = ({ numNodes, ends, weighted }: Drawn): Edges => ({
    numNodes,
    edgeIndex: Int32Array.from([
      ...ends.map(([a]) => a % numNodes),
      ...ends.map(([, b]) => b % numNodes),
    ]),
    edgeWeight: weighted ? Float32Array.from(ends, ([, , weight]) => weight) : null,
  })

  /** PyG's coalesce with reduce="sum", by a map. */
  const summed = (edges: ReadonlyArray<readonly [number, number, number]>, weighted: boolean) => {
    const sums = new Map<string, readonly [number, number, number]>()
    for (const [a, b, weight] of edges) {
      sums.set(`${a}>${b}`, [a, b, weight + (sums.get(`${a}>${b}`)?.[2] ?? 0)])
    }
    return [...sums.values()]
      .sort(([a, b], [c, d]) => a - c || b - d)
      .map(([a, b, weight]) => (weighted ? `${a}>${b}:${weight}` : `${a}>${b}`))
  }

  it("come once each in order of source and target, weights added, one way or both", () => {
    fc.assert(
      fc.property(graphs, (drawn) => {
        const { numNodes, ends, weighted } = drawn
        const within = ends.map(([a, b, w]) => [a % numNodes, b % numNodes, w] as const)
        const back = within.map(([a, b, w]) => [b, a, w] as const)
        expect(shown(coalesce(edgesOf(drawn)))).toEqual(summed(within, weighted))
        const both = summed([...within, ...back], weighted)
        expect(shown(toUndirected(edgesOf(drawn)))).toEqual(both)
      }),
      { numRuns: 300 },
    )
  })
})
