// The real graphs of the shared data: counts as its README and meta.json say. They are found by
// GNNSCHED_SHARED (default ../shared) and must be there when CI is set.
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import type { Graph, GraphSource } from "../../src/model/Graph.ts"
import { folderShape, loadFolder } from "../../src/prep/graphFolder.ts"
import { loadGraph, readGraphShape } from "../../src/prep/loadGraph.ts"
import { writeGraphFolder } from "../../src/prep/writeGraphFolder.ts"
import { temporaryFolder } from "./files.ts"

const shared = resolve(process.env.GNNSCHED_SHARED ?? join(import.meta.dirname, "../../../shared"))
const data = join(shared, "data")
const isThere = existsSync(data)
const reason = `${data} is not there: set GNNSCHED_SHARED to the folder that holds data/`
if (!isThere) console.warn(`skipped: ${reason}`)

const published = [
  { name: "cora", nodes: 2708, edges: 10556, width: 1433, nonZeros: 49216, isolated: 0, most: 168 },
  {
    name: "citeseer",
    nodes: 3327,
    edges: 9104,
    width: 3703,
    nonZeros: 105165,
    isolated: 48,
    most: 99,
  },
]

describe("the real citation graphs", () => {
  it.runIf(!isThere && process.env.CI)("are there when CI is set", () => {
    expect.fail(reason)
  })

  it.skipIf(!isThere).each(published)("$name has its published counts", (expected) => {
    const path = join(data, expected.name)
    const graph = loadFolder(path)
    expect(graph.shape).toEqual({
      numNodes: expected.nodes,
      numEdges: expected.edges,
      featureWidth: expected.width,
      featureNonZeros: expected.nonZeros,
      hasEdgeWeight: false,
      numGraphs: null,
    })
    expect(folderShape(path)).toEqual(graph.shape)
    const degrees = Array.from(
      graph.rowOffsets.subarray(1),
      (end, node) => end - graph.rowOffsets[node]!,
    )
    expect(degrees.filter((degree) => degree === 0).length).toBe(expected.isolated)
    expect(Math.max(...degrees)).toBe(expected.most)
    if (graph.features.kind !== "csr") expect.fail("features are sparse")
    else expect(new Set(graph.features.values)).toEqual(new Set([1]))
  })

  it.skipIf(!isThere)("survive being written and read again", () => {
    const graph = loadFolder(join(data, "cora"))
    const copy = temporaryFolder()
    writeGraphFolder(graph, copy)
    expect(loadFolder(copy).contentId).toBe(graph.contentId)
  })
})

const metaOf = (path: string) => JSON.parse(readFileSync(join(data, path, "meta.json"), "utf8"))

const countsOf = (graph: Graph) => {
  const { numNodes, numEdges } = graph.shape
  const outDegrees = new Int32Array(numNodes)
  let [selfLoops, mostIn] = [0, 0]
  for (let node = 0; node < numNodes; node++) {
    const sources = graph.colIndices.subarray(graph.rowOffsets[node], graph.rowOffsets[node + 1])
    mostIn = Math.max(mostIn, sources.length)
    for (const source of sources) {
      outDegrees[source]!++
      if (source === node) selfLoops++
    }
  }
  return { numNodes, numEdges, selfLoops, mostIn, mostOut: Math.max(...outDegrees) }
}

describe("the real plain graphs", () => {
  const source = (file: string, undirected = false): GraphSource => ({
    kind: file.includes(".mtx") ? "matrixMarket" : "edgeList",
    path: join(data, "graphs", file),
    features: { kind: "random", width: 8, seed: 1 },
    undirected,
  })

  const files = ["ego-Facebook.txt.gz", "email-Eu-core.txt.gz", "p2p-Gnutella08.mtx.gz"]
  it.skipIf(!isThere).each(files)("%s has the counts of its meta.json", (file) => {
    const meta = metaOf("graphs")[file]
    expect(countsOf(loadGraph(source(file)))).toEqual({
      numNodes: meta.num_nodes,
      numEdges: meta.num_edges_in_file,
      selfLoops: meta.self_loops,
      mostIn: meta.max_in_degree,
      mostOut: meta.max_out_degree,
    })
  })

  it.skipIf(!isThere)("ca-GrQc.mtx has both directions of what it stores", () => {
    const meta = metaOf("graphs")["ca-GrQc.mtx"]
    const graph = loadGraph(source("ca-GrQc.mtx"))
    expect(countsOf(graph)).toMatchObject({
      numNodes: meta.num_nodes,
      numEdges: 2 * meta.num_edges_in_file - meta.self_loops,
      selfLoops: meta.self_loops,
    })
    expect(readGraphShape(source("ca-GrQc.mtx"))).toEqual(graph.shape)
  })

  it.skipIf(!isThere)("have the degrees of their README when made undirected", () => {
    const facebook = countsOf(loadGraph(source("ego-Facebook.txt.gz", true)))
    expect(facebook).toMatchObject({ numEdges: 2 * 88_234, mostIn: 1045, mostOut: 1045 })
    // As PyG's to_undirected counts: reciprocal edges come once each way.
    expect(countsOf(loadGraph(source("email-Eu-core.txt.gz", true))).numEdges).toBe(32_770)
  })
})

describe("the real TU data sets", () => {
  const sets = [
    { name: "MUTAG", width: 7 },
    { name: "PROTEINS", width: 4 },
  ]
  it.skipIf(!isThere).each(sets)("$name has the counts of its meta.json", ({ name, width }) => {
    const meta = metaOf(name)
    const graph = loadGraph({ kind: "folder", path: join(data, name) })
    expect(graph.shape).toEqual({
      numNodes: meta.num_nodes,
      numEdges: meta.num_edges,
      featureWidth: width,
      featureNonZeros: null,
      hasEdgeWeight: false,
      numGraphs: meta.num_graphs,
    })
    const sizes = Array.from(
      graph.graphOffsets!.subarray(1),
      (end, index) => end - graph.graphOffsets![index]!,
    )
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([
      meta.nodes_per_graph.min,
      meta.nodes_per_graph.max,
    ])
    const copy = temporaryFolder()
    writeGraphFolder(graph, copy)
    expect(loadFolder(copy).contentId).toBe(graph.contentId)
  })
})
