// Files as graphs: the edges of their format, features by the rule of the source, the same identity
// as the same graph from anywhere else.
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import type { FeatureRule, Graph, GraphSource } from "../../src/model/Graph.ts"
import { textKind } from "../../src/prep/formats/textGraph.ts"
import { loadFolder } from "../../src/prep/graphFolder.ts"
import { loadGraph, readGraphShape } from "../../src/prep/loadGraph.ts"
import { writeGraphFolder } from "../../src/prep/writeGraphFolder.ts"
import { temporaryFolder, thrownBy } from "./files.ts"
import { fileOf } from "./texts.ts"

const ones: FeatureRule = { kind: "ones" }
const list = (text: string, features: FeatureRule = ones) =>
  ({ kind: "edgeList", path: fileOf("g.txt", text), features }) as const
const edges = "0 1\n2 1\n0 1\n1 1\n2 0\n"

describe("a graph of a text file", () => {
  it("is the graph that arrays would give, from either format, packed or not", () => {
    const matrix = `%%MatrixMarket matrix coordinate real general\n3 3 5\n1 2 10\n3 2 20
1 2 30\n2 2 40\n3 1 50\n`
    const arrays = loadGraph({
      kind: "arrays",
      numNodes: 3,
      edgeIndex: new Int32Array([0, 2, 0, 1, 2, /* targets */ 1, 1, 1, 1, 0]),
      features: { kind: "dense", values: new Float32Array([1, 1, 1]) },
      featureWidth: 1,
      edgeWeight: new Float32Array([10, 20, 30, 40, 50]),
      batch: null,
      numGraphs: null,
    })
    const csv = "a,b,w\n0,1,10\n2,1,20\n0,1,30\n1,1,40\n2,0,50\n"
    const sources: ReadonlyArray<GraphSource> = [
      { kind: "matrixMarket", path: fileOf("g.mtx", matrix), features: ones },
      { kind: "matrixMarket", path: fileOf("g.mtx.gz", gzipSync(matrix)), features: ones },
      { kind: "edgeList", path: fileOf("g.csv", csv), features: ones },
    ]
    for (const source of sources) {
      const graph = loadGraph(source)
      expect(graph.contentId).toBe(arrays.contentId)
      expect(readGraphShape(source)).toEqual(graph.shape)
    }
    const { rowOffsets, colIndices, edgeWeight, features } = loadGraph(sources[0]!)
    for (const array of [rowOffsets, colIndices, edgeWeight!, features.values]) {
      expect(array.buffer).toBeInstanceOf(SharedArrayBuffer)
    }
  })

  it("has both directions where it is told to, each pair once", () => {
    const graph = loadGraph({ ...list(edges), undirected: true })
    expect([...graph.rowOffsets]).toEqual([0, 2, 5, 7])
    expect([...graph.colIndices]).toEqual([1, 2, 0, 1, 2, 0, 1])
    const matrix = "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n"
    const path = fileOf("g.mtx", matrix)
    const both = { kind: "matrixMarket", path, features: ones, undirected: true } as const
    expect(loadGraph(both).shape.numEdges).toBe(2)
    expect(readGraphShape(both)).toEqual(loadGraph(both).shape)
  })

  it("may have its ids numbered anew", () => {
    expect(loadGraph({ ...list("5 900\n"), compact: true }).shape.numNodes).toBe(2)
    expect(loadGraph(list("5 900\n")).shape.numNodes).toBe(901)
  })

  it("is the same graph when it was written as a folder", () => {
    const sources: ReadonlyArray<GraphSource> = [
      list(edges, { kind: "random", width: 5, seed: 3 }),
      list("0 1 0.5\n2 1 0.25\n", { kind: "identity" }),
      { ...list(edges, { kind: "degree", most: 4 }), undirected: true },
    ]
    for (const source of sources) {
      const graph = loadGraph(source)
      const folder = join(temporaryFolder(), "copy")
      writeGraphFolder(graph, folder)
      expect(loadFolder(folder).contentId).toBe(graph.contentId)
    }
  })

  it("is of the kind that its name says", () => {
    const names = ["a.mtx", "a.MTX.gz", "a.txt", "b/a.csv.GZ", "a.tsv", "a.mtx.zip", "a", "a.txt/"]
    expect(names.map(textKind)).toEqual([
      "matrixMarket",
      "matrixMarket",
      "edgeList",
      "edgeList",
      "edgeList",
      null,
      null,
      null,
    ])
  })

  it("says what cannot be read", () => {
    const gone = { kind: "edgeList", path: "/no/such.txt", features: ones } as const
    for (const read of [loadGraph, readGraphShape]) {
      expect(thrownBy(() => read(gone))).toMatchObject({
        _tag: "FileUnreadable",
        file: "/no/such.txt",
      })
    }
    const folder = { kind: "matrixMarket", path: temporaryFolder(), features: ones } as const
    expect(thrownBy(() => loadGraph(folder))).toMatchObject({ reason: "not a regular file" })
  })
})

describe("features by a rule", () => {
  const rows = ({ features, shape }: Graph) => {
    if (features.kind === "dense") return [...features.values]
    expect([...features.rowOffsets]).toEqual(
      Array.from({ length: shape.numNodes + 1 }, (_, i) => i),
    )
    expect(new Set(features.values)).toEqual(new Set([1]))
    return [...features.colIndices]
  }

  it("are ones, an identity, or the degrees of edges that leave a node", () => {
    expect(rows(loadGraph(list(edges)))).toEqual([1, 1, 1])
    expect(rows(loadGraph(list(edges, { kind: "identity" })))).toEqual([0, 1, 2])
    expect(rows(loadGraph(list(edges, { kind: "degree", most: 2 })))).toEqual([2, 1, 2])
  })

  it("are the same random numbers for the same seed, others for another", () => {
    const random = (seed: number) =>
      rows(loadGraph(list(edges, { kind: "random", width: 4, seed })))
    expect(random(1)).toEqual(random(1))
    expect(random(1)).not.toEqual(random(2))
    expect(random(1)).toHaveLength(12)
    for (const value of random(1)) expect(Math.abs(value)).toBeLessThanOrEqual(1)
  })

  it("have the extents that the shape says", () => {
    const rules: ReadonlyArray<FeatureRule> = [
      ones,
      { kind: "identity" },
      { kind: "degree", most: 7 },
      { kind: "random", width: 9, seed: 0 },
    ]
    const shapes = rules.map((rule) => readGraphShape(list(edges, rule)))
    expect(shapes.map((shape) => shape.featureWidth)).toEqual([1, 3, 8, 9])
    expect(shapes.map((shape) => shape.featureNonZeros)).toEqual([null, 3, 3, null])
  })

  it("are refused for a degree that is not among them, with the node", () => {
    expect(thrownBy(() => loadGraph(list(edges, { kind: "degree", most: 1 })))).toMatchObject({
      _tag: "BadFile",
      place: "node 0",
      found: "a degree of 2",
    })
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    ["none", undefined, { _tag: "BadConfig", path: "features", found: "nothing" }],
    ["labels", { kind: "labels" }, { _tag: "BadConfig", path: "features", found: "labels" }],
    ["a word", { kind: "twos" }, { _tag: "BadConfig", path: "features", found: "twos" }],
    ["no width", { kind: "random", width: 0, seed: 1 }, { path: "features.width", found: "0" }],
    ["no seed", { kind: "random", width: 2 }, { path: "features.seed", found: "undefined" }],
    ["a bad degree", { kind: "degree", most: -1 }, { path: "features.most", found: "-1" }],
    ["a huge width", { kind: "random", width: 1e6, seed: 1 }, { what: "feature width" }],
    ["a huge degree", { kind: "degree", most: 65536 }, { what: "feature width", value: 65537 }],
  ])("are refused when the rule is %s", (_name, rule, expected) => {
    const source = { ...list(edges), features: rule as FeatureRule }
    for (const read of [loadGraph, readGraphShape]) {
      expect(thrownBy(() => read(source))).toMatchObject(expected)
    }
  })

  it("are refused where there are too many to be indexed, before making room", () => {
    const wide = list("0 100000000\n", { kind: "random", width: 1000, seed: 1 })
    expect(thrownBy(() => loadGraph(wide))).toMatchObject({
      _tag: "IndexOverflow",
      what: "features of all nodes",
      value: 100_000_001_000,
    })
    expect(thrownBy(() => loadGraph(list("0 70000\n", { kind: "identity" })))).toMatchObject({
      what: "feature width",
      value: 70_001,
    })
  })
})
