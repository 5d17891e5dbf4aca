// A graph-classification data set in the text layout of TU Dortmund, as PyG's read_tu_data reads
// it: all graphs as one disjoint union, edges in order, each pair once, no self loops. Labels of
// graphs and what edges carry are not read.
import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { BadFile, FileUnreadable, IndexOverflow } from "../../model/errors.ts"
import type { FeatureRule, Graph, GraphShape } from "../../model/Graph.ts"
import { limits } from "../../model/limits.ts"
import { systemReason } from "../../model/systemReason.ts"
import { buildCsr, graphOffsetsOf } from "../csr.ts"
import { makeGraph } from "../graphContent.ts"
import { coalesce } from "./coalesce.ts"
import { EdgeBuffer, type Edges } from "./EdgeBuffer.ts"
import type { FeatureExtents } from "./featureRule.ts"
import { TextCursor } from "./TextCursor.ts"
import { type Columns, columnExtents, makeColumns, readColumns } from "./tuFeatures.ts"
import { withText } from "./withText.ts"

const noComments: ReadonlySet<number> = new Set()

const listFolder = (folder: string): ReadonlyArray<string> => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new FileUnreadable({ file: folder, reason: systemReason(error) })
  }
}

/** `FOLDER/NAME` of a data set whose files are `NAME_A.txt` and so on; null: it holds none. */
export const findTuSet = (folder: string): string | null => {
  const ending = "_A.txt"
  const found = listFolder(folder).filter((name) => name.endsWith(ending))
  if (found.length === 0 || existsSync(join(folder, "edge_index.npy"))) return null
  if (found.length === 1) return join(folder, found[0]!.slice(0, -ending.length))
  const names = found.toSorted().slice(0, 4).join(", ")
  throw new BadFile({ file: folder, place: "*_A.txt", expected: "one data set", found: names })
}

/** The graph of each node, from 0. */
const readBatch = (path: string): Int32Array =>
  withText(path, (source) => {
    const text = new TextCursor(source)
    // A line takes two bytes at least; the last may do without its end.
    const batch = new Int32Array(Math.ceil(source.size / 2))
    let count = 0
    let last = 1
    while (text.seekEntry(noComments)) {
      const graph = text.readWhole("the number of a graph, from 1")
      if (graph < last) throw text.bad(`ascending numbers of graphs, at least ${last}`, `${graph}`)
      const limit = limits.maxGraphsInUnion
      if (graph > limit) {
        const what = `the graph in line ${text.line}`
        throw new IndexOverflow({ file: path, what, value: graph, limit })
      }
      text.endLine()
      batch[count++] = graph - 1
      last = graph
    }
    const limit = limits.maxTextNodes
    if (count > limit) throw new IndexOverflow({ file: path, what: "nodes", value: count, limit })
    return batch.subarray(0, count)
  })

const readEdges = (path: string, batch: Int32Array): Edges =>
  withText(path, (source) => {
    const text = new TextCursor(source)
    const edges = new EdgeBuffer(path, false)
    const expected = `a node from 1 to ${batch.length}`
    const readNode = (): number => {
      const node = text.readWhole(expected)
      if (node >= 1 && node <= batch.length) return node - 1
      throw text.bad(expected, `${node}`)
    }
    while (text.seekEntry(noComments)) {
      const from = readNode()
      text.seekValue()
      const to = readNode()
      if (batch[from] !== batch[to]) {
        const found = `nodes of the graphs ${batch[from]! + 1} and ${batch[to]! + 1}`
        throw text.bad("two nodes of one graph", found)
      }
      text.endLine()
      if (from !== to) edges.push(from, to, 1)
    }
    return coalesce(edges.edges(batch.length))
  })

interface TuSet {
  readonly batch: Int32Array
  readonly numGraphs: number
  readonly columns: Columns
  readonly edges: Edges
  readonly extents: FeatureExtents
}

const readSet = (set: string, rule: FeatureRule | undefined): TuSet => {
  const batch = readBatch(`${set}_graph_indicator.txt`)
  const numNodes = batch.length
  const columns = readColumns(set, numNodes, rule)
  const extents = columnExtents(set, columns, numNodes)
  const edges = readEdges(`${set}_A.txt`, batch)
  const numGraphs = numNodes === 0 ? 0 : batch[numNodes - 1]! + 1
  return { batch, numGraphs, columns, edges, extents }
}

/** `set` is FOLDER/NAME, `rule` what stands in for the features that are there. */
export const tuShape = (set: string, rule: FeatureRule | undefined): GraphShape => {
  const { edges, extents, numGraphs } = readSet(set, rule)
  const { numNodes, edgeIndex } = edges
  return { numNodes, numEdges: edgeIndex.length / 2, ...extents, hasEdgeWeight: false, numGraphs }
}

export const loadTu = (set: string, rule: FeatureRule | undefined): Graph => {
  const { batch, numGraphs, columns, edges, extents } = readSet(set, rule)
  const { numNodes, edgeIndex } = edges
  const { featureWidth } = extents
  const features = makeColumns(set, columns, edges, featureWidth)
  const graphOffsets = graphOffsetsOf(batch, numGraphs)
  const csr = buildCsr(numNodes, edgeIndex, null)
  return makeGraph({ numNodes, featureWidth, features, graphOffsets, ...csr })
}
