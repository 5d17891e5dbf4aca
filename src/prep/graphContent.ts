// Assembles a Graph from its checked parts and gives it its content id: a digest of the CSR, the
// features and the weights, so that the same graph from anywhere has the same id.
import { createHash } from "node:crypto"
import type { DenseFeatures, Graph, GraphShape, SparseFeatures } from "../model/Graph.ts"
import { chunksOf } from "./byteSource.ts"
import type { Csr } from "./csr.ts"
import { bytesOf, type NpyArray } from "./npy.ts"

/** Parts of a graph, each checked and in shared memory. */
export interface GraphParts extends Csr {
  readonly numNodes: number
  readonly featureWidth: number
  readonly features: DenseFeatures | SparseFeatures
  readonly graphOffsets: Int32Array | null
}

const shapeOf = (parts: GraphParts): GraphShape => ({
  numNodes: parts.numNodes,
  numEdges: parts.colIndices.length,
  featureWidth: parts.featureWidth,
  featureNonZeros: parts.features.kind === "csr" ? parts.features.values.length : null,
  hasEdgeWeight: parts.edgeWeight !== null,
  numGraphs: parts.graphOffsets === null ? null : parts.graphOffsets.length - 1,
})

/** Arrays in a fixed order; the shape before them says where one ends and the next begins. */
const arraysOf = (parts: GraphParts): ReadonlyArray<NpyArray> => {
  const { features } = parts
  const x =
    features.kind === "dense"
      ? [features.values]
      : [features.rowOffsets, features.colIndices, features.values]
  const optional = [parts.edgeWeight, parts.graphOffsets].filter((array) => array !== null)
  return [parts.rowOffsets, parts.colIndices, ...x, ...optional]
}

export const makeGraph = (parts: GraphParts): Graph => {
  const shape = shapeOf(parts)
  const hash = createHash("sha256")
  hash.update(`gnnsched graph 1 ${JSON.stringify(Object.values(shape))}`)
  for (const array of arraysOf(parts)) {
    for (const chunk of chunksOf(bytesOf(array))) hash.update(chunk)
  }
  return {
    contentId: hash.digest("hex"),
    shape,
    rowOffsets: parts.rowOffsets,
    colIndices: parts.colIndices,
    edgeWeight: parts.edgeWeight,
    features: parts.features,
    graphOffsets: parts.graphOffsets,
  }
}
