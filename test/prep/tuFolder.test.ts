// TU data sets: the union that PyG's read_tu_data makes, and every way in which one can be wrong.
import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { FeatureRule, Graph } from "../../src/model/Graph.ts"
import { loadGraph, readGraphShape } from "../../src/prep/loadGraph.ts"
import { temporaryFolder, thrownBy } from "./files.ts"

/** Two graphs, of three and two nodes; a loop, a duplicate, edges out of order. */
const whole = {
  A: "3, 1\n1, 2\n2, 1\n1, 2\n2, 2\n1, 3\n5, 4\n4, 5\n",
  graph_indicator: "1\n1\n1\n2\n2\n",
  node_labels: "5\n3\n5\n6\n3\n",
  node_attributes: "0.5, 1\n-1, 2\n1e1, 3\n0, 4\n7, 5\n",
  graph_labels: "not read",
  edge_labels: "not read",
  edge_attributes: "not read",
}

type Files = Partial<Record<keyof typeof whole, string | null>>

const folder = (changed: Files = {}): string => {
  const path = temporaryFolder()
  for (const [name, text] of Object.entries({ ...whole, ...changed })) {
    if (text !== null) writeFileSync(join(path, `SET_${name}.txt`), text)
  }
  return path
}

const sourceOf = (path: string, features?: FeatureRule) =>
  ({ kind: "folder", path, ...(features === undefined ? {} : { features }) }) as const
const load = (path: string, features?: FeatureRule): Graph => loadGraph(sourceOf(path, features))

const rowsOf = ({ features, shape }: Graph): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: shape.numNodes }, (_, node) => [
    ...features.values.subarray(node * shape.featureWidth, (node + 1) * shape.featureWidth),
  ])

describe("a TU folder", () => {
  it("is the union of its graphs, each pair once and in order, without loops", () => {
    const graph = load(folder())
    expect([...graph.rowOffsets]).toEqual([0, 2, 3, 4, 5, 6])
    expect([...graph.colIndices]).toEqual([1, 2, 0, 0, 4, 3])
    expect([...graph.graphOffsets!]).toEqual([0, 3, 5])
    expect(graph.shape).toEqual({
      numNodes: 5,
      numEdges: 6,
      featureWidth: 6,
      featureNonZeros: null,
      hasEdgeWeight: false,
      numGraphs: 2,
    })
    for (const array of [graph.rowOffsets, graph.colIndices, graph.features.values]) {
      expect(array.buffer).toBeInstanceOf(SharedArrayBuffer)
    }
  })

  it("has attributes and then labels, one-hot from the least to the largest", () => {
    expect(rowsOf(load(folder()))).toEqual([
      [0.5, 1, 0, 0, 1, 0],
      [-1, 2, 1, 0, 0, 0],
      [10, 3, 0, 0, 1, 0],
      [0, 4, 0, 0, 0, 1],
      [7, 5, 1, 0, 0, 0],
    ])
  })

  it("has its labels alone where that is asked for, or where there is nothing else", () => {
    const labels = rowsOf(load(folder(), { kind: "labels" }))
    expect(labels[0]).toEqual([0, 0, 1, 0])
    expect(rowsOf(load(folder({ node_attributes: null })))).toEqual(labels)
    const several = folder({ node_labels: "-1, 0\n0,0\n1,7\n1,1\n0,1", node_attributes: null })
    expect(rowsOf(load(several))[2]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
  })

  it("has other features by a rule, and needs one where it has none", () => {
    const bare = folder({ node_labels: null, node_attributes: null })
    expect(rowsOf(load(bare, { kind: "ones" }))).toEqual([[1], [1], [1], [1], [1]])
    expect(load(folder(), { kind: "degree", most: 2 }).shape.featureWidth).toBe(3)
    const error = thrownBy(() => load(bare))
    expect(error).toMatchObject({ _tag: "BadConfig", path: "features", found: "nothing" })
    expect(error.expected).toMatch(/64.*ones.*degree:64.*SET has no node labels nor attributes/)
    expect(thrownBy(() => load(bare, { kind: "labels" }))).toMatchObject({ path: "features" })
  })

  it("tells the shape it will have", () => {
    for (const rule of [undefined, { kind: "labels" }, { kind: "identity" }] as const) {
      const source = sourceOf(folder(), rule)
      expect(readGraphShape(source)).toEqual(loadGraph(source).shape)
    }
  })

  it("keeps graphs without a node between others, as PyG does", () => {
    const graph = load(folder({ graph_indicator: "1\n1\n1\n4\n4" }))
    expect([...graph.graphOffsets!]).toEqual([0, 3, 3, 3, 5])
  })

  it("may have no edges, and no nodes", () => {
    expect(load(folder({ A: "" })).shape.numEdges).toBe(0)
    const empty = folder({ A: "", graph_indicator: "", node_labels: "", node_attributes: null })
    expect(load(empty).shape).toMatchObject({ numNodes: 0, numGraphs: 0 })
  })

  it("is one of arrays where edge_index.npy lies in it, which has its own features", () => {
    const path = folder()
    writeFileSync(join(path, "edge_index.npy"), "")
    expect(thrownBy(() => load(path))).toMatchObject({ _tag: "FileUnreadable", file: path })
    expect(thrownBy(() => load(path, { kind: "ones" }))).toMatchObject({
      _tag: "BadConfig",
      path: "features",
      found: "ones",
    })
  })

  it("holds one data set", () => {
    const path = folder()
    writeFileSync(join(path, "OTHER_A.txt"), "")
    expect(thrownBy(() => load(path))).toMatchObject({
      _tag: "BadFile",
      found: "OTHER_A.txt, SET_A.txt",
    })
  })

  it.each<[string, Files, keyof typeof whole, string, RegExp, RegExp]>([
    ["a node 0", { A: "1, 2\n0, 1\n" }, "A", "line 2", /a node from 1 to 5/, /^0$/],
    ["a node too far", { A: "1, 6\n" }, "A", "line 1", /a node from 1 to 5/, /^6$/],
    ["an edge between graphs", { A: "1, 4\n" }, "A", "line 1", /one graph/, /graphs 1 and 2/],
    ["half an edge", { A: "1\n" }, "A", "line 1", /a node/, /end of the line/],
    ["an edge of three", { A: "1,2,3\n" }, "A", "line 1", /end of the line/, /","/],
    ["a node that is none", { A: "x, 1\n" }, "A", "line 1", /a node/, /"x"/],
    ["a graph 0", { graph_indicator: "0\n" }, "graph_indicator", "line 1", /at least 1/, /^0$/],
    ["graphs out of order", { graph_indicator: "2\n1\n" }, "graph_indicator", "line 2", /asc/, /1/],
    [
      "half a graph",
      { graph_indicator: "1.5\n" },
      "graph_indicator",
      "line 1",
      /number of a/,
      /1.5/,
    ],
    ["two graphs a node", { graph_indicator: "1 1\n" }, "graph_indicator", "line 1", /end of/, /1/],
    ["a label too few", { node_labels: "1\n1\n1\n1\n" }, "node_labels", "line 5", /5 lines/, /end/],
    ["a label too many", { node_labels: "1\n".repeat(6) }, "node_labels", "line 6", /after 5/, /1/],
    [
      "a fractional label",
      { node_labels: "1.5\n" },
      "node_labels",
      "line 1",
      /whole number/,
      /1.5/,
    ],
    [
      "labels of two widths",
      { node_labels: "1\n1,2\n" },
      "node_labels",
      "line 2",
      /1 values/,
      /^2$/,
    ],
    ["a trailing comma", { node_labels: "1,\n" }, "node_labels", "line 1", /whole/, /end of the l/],
    ["a comment", { node_labels: "# no\n" }, "node_labels", "line 1", /whole number/, /"#"/],
    [
      "attributes of two widths",
      { node_attributes: "1,2\n1\n" },
      "node_attributes",
      "line 2",
      /2 values/,
      /^1$/,
    ],
    [
      "an attribute that is none",
      { node_attributes: "1,a\n" },
      "node_attributes",
      "line 1",
      /a number/,
      /"a"/,
    ],
  ])("with %s is refused, with file and line", (_name, files, name, place, expected, found) => {
    const path = folder(files)
    const error = thrownBy(() => load(path))
    expect(error).toMatchObject({ _tag: "BadFile", file: join(path, `SET_${name}.txt`), place })
    expect(error.expected).toMatch(expected)
    expect(error.found).toMatch(found)
    expect(thrownBy(() => readGraphShape(sourceOf(path)))).toEqual(error)
  })

  it("refuses attributes that are not finite", () => {
    const path = folder({ node_attributes: "1\n2\nnan\n" })
    expect(thrownBy(() => load(path))).toMatchObject({ _tag: "NotFinite", place: "line 3" })
  })

  it("takes no room for graphs, labels and attributes that it only claims", () => {
    const nodes = "1\n".repeat(2 ** 20)
    const wide = `${"0,".repeat(2 ** 16 - 1)}0\n1\n`
    const table = folder({ graph_indicator: nodes, node_labels: null, node_attributes: wide })
    expect(thrownBy(() => load(table))).toMatchObject({ place: "line 2", found: "1" })
    const graphs = folder({ graph_indicator: "1\n1\n1\n2000000000\n2000000000\n" })
    expect(thrownBy(() => load(graphs))).toMatchObject({
      _tag: "IndexOverflow",
      what: "the graph in line 4",
    })
    const labels = folder({ node_labels: "0\n1\n2\n3\n1000000\n" })
    expect(thrownBy(() => load(labels))).toMatchObject({
      _tag: "IndexOverflow",
      what: "feature width",
    })
  })

  it("says what is missing", () => {
    expect(thrownBy(() => load(folder({ graph_indicator: null })))).toMatchObject({
      _tag: "FileUnreadable",
      reason: "no such file or folder",
    })
    const path = temporaryFolder()
    expect(thrownBy(() => load(path))).toMatchObject({
      reason: "neither x.npy, x.npz nor a TU data set (*_A.txt) is there",
    })
    const plain = join(path, "graph.dat")
    writeFileSync(plain, "")
    expect(thrownBy(() => load(plain)).reason).toMatch(/neither a folder nor .*\.mtx/)
  })

  it("does not wait for a writer where a named pipe stands, nor read a folder", () => {
    const path = folder()
    rmSync(join(path, "SET_A.txt"))
    execFileSync("mkfifo", [join(path, "SET_A.txt")])
    expect(thrownBy(() => load(path))).toMatchObject({ reason: "not a regular file" })
    rmSync(join(path, "SET_A.txt"))
    mkdirSync(join(path, "SET_A.txt"))
    expect(thrownBy(() => load(path))).toMatchObject({ reason: "not a regular file" })
  })
})
