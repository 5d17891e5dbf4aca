// A graph of one text file, a Matrix Market file or an edge list: read through, because no header
// says how many edges there are in the end; and features by the source's rule.
import { IndexOverflow } from "../../model/errors.ts"
import type { Graph, GraphShape, GraphSource } from "../../model/Graph.ts"
import { limits } from "../../model/limits.ts"
import { buildCsr } from "../csr.ts"
import { makeGraph } from "../graphContent.ts"
import { toUndirected } from "./coalesce.ts"
import type { Edges } from "./EdgeBuffer.ts"
import { readEdgeList } from "./edgeList.ts"
import { featureExtents, madeFeatures, makeFeatures } from "./featureRule.ts"
import { readMatrixMarket } from "./matrixMarket.ts"
import { withText } from "./withText.ts"

export type TextSource = Extract<
  GraphSource,
  { readonly kind: "matrixMarket" } | { readonly kind: "edgeList" }
>

/** Which of the two a path names, or null: it is of a folder. */
export const textKind = (path: string): TextSource["kind"] | null => {
  if (/\.mtx(\.gz)?$/i.test(path)) return "matrixMarket"
  return /\.(txt|csv|tsv)(\.gz)?$/i.test(path) ? "edgeList" : null
}

const readEdges = (source: TextSource): Edges => {
  const edges = withText(source.path, (text) =>
    source.kind === "matrixMarket"
      ? readMatrixMarket(text)
      : readEdgeList(text, source.compact === true),
  )
  if (source.undirected !== true) return edges
  const value = edges.edgeIndex.length
  const limit = limits.maxIndex
  if (value > limit) {
    throw new IndexOverflow({ file: source.path, what: "edges in both directions", value, limit })
  }
  return toUndirected(edges)
}

export const textShape = (source: TextSource): GraphShape => {
  const rule = madeFeatures(source.path, source.features)
  const { numNodes, edgeIndex, edgeWeight } = readEdges(source)
  return {
    numNodes,
    numEdges: edgeIndex.length / 2,
    ...featureExtents(source.path, rule, numNodes),
    hasEdgeWeight: edgeWeight !== null,
    numGraphs: null,
  }
}

export const loadText = (source: TextSource): Graph => {
  const rule = madeFeatures(source.path, source.features)
  const edges = readEdges(source)
  const { numNodes, edgeIndex, edgeWeight } = edges
  const { featureWidth } = featureExtents(source.path, rule, numNodes)
  const features = makeFeatures(source.path, rule, edges)
  const csr = buildCsr(numNodes, edgeIndex, edgeWeight)
  return makeGraph({ numNodes, featureWidth, features, graphOffsets: null, ...csr })
}
