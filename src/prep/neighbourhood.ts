// The part of a graph that some targets' rows depend on: their incoming neighbourhood of so many hops.
// Within a row, edges keep their order, so that sums over them have the same bits as in the whole.
import { createHash } from "node:crypto"
import type { DenseFeatures, Graph, SparseFeatures } from "../model/Graph.ts"
import { sharedFloat32, sharedInt32 } from "../model/Tensor.ts"
import { bytesOf } from "./npy.ts"
import { type TargetList, targetNodes } from "./residentObjects.ts"

export interface NeighbourhoodRequest extends Pick<TargetList, "taskId" | "targets"> {
  readonly graph: Graph
  /** As many as the network has layers that look at neighbours. */
  readonly hops: number
  /** Nodes and edges together; beyond it the answer is null. */
  readonly maxVisited: number
}

export interface Neighbourhood {
  readonly graph: Graph
  /** The row of each target in it, in the order asked. */
  readonly rows: Int32Array
}

/** The nodes of the neighbourhood, targets first, by distance. */
interface Found {
  readonly nodes: Int32Array
  /** Those before have all their incoming edges in it; those behind are only looked at. */
  readonly complete: number
  readonly numEdges: number
  /** The place of each node of the graph in `nodes`, plus 1; 0 for the others. */
  readonly places: Int32Array
}

const find = (targets: Int32Array, { graph, hops, maxVisited }: NeighbourhoodRequest) => {
  const { colIndices, rowOffsets } = graph
  const places = new Int32Array(graph.shape.numNodes)
  const nodes: Array<number> = []
  const meet = (node: number) => {
    if (places[node] === 0) places[node] = nodes.push(node)
  }
  for (const node of targets) meet(node)
  let [numEdges, from] = [0, 0]
  for (let hop = 0; hop < hops; hop++) {
    const to = nodes.length
    for (; from < to; from++) {
      const [first, end] = [rowOffsets[nodes[from]!]!, rowOffsets[nodes[from]! + 1]!]
      numEdges += end - first
      if (numEdges + nodes.length > maxVisited) return null
      for (let edge = first; edge < end; edge++) meet(colIndices[edge]!)
    }
  }
  if (numEdges + nodes.length > maxVisited) return null
  return { nodes: Int32Array.from(nodes), complete: from, numEdges, places }
}

const edgesOf = ({ colIndices, edgeWeight, rowOffsets }: Graph, found: Found) => {
  const { complete, nodes, numEdges, places } = found
  const offsets = sharedInt32(nodes.length + 1)
  const sources = sharedInt32(numEdges)
  const weights = edgeWeight === null ? null : sharedFloat32(numEdges)
  let at = 0
  for (let row = 0; row < nodes.length; row++) {
    const node = nodes[row]!
    const end = row < complete ? rowOffsets[node + 1]! : rowOffsets[node]!
    for (let edge = rowOffsets[node]!; edge < end; edge++) {
      if (weights !== null) weights[at] = edgeWeight![edge]!
      sources[at++] = places[colIndices[edge]!]! - 1
    }
    offsets[row + 1] = at
  }
  return { rowOffsets: offsets, colIndices: sources, edgeWeight: weights }
}

const denseRows = ({ values }: DenseFeatures, nodes: Int32Array, width: number): DenseFeatures => {
  const rows = sharedFloat32(nodes.length * width)
  // Element by element: a view for each row costs more than a row of ordinary width.
  for (let row = 0, at = 0; row < nodes.length; row++) {
    const from = nodes[row]! * width
    for (let column = 0; column < width; column++) rows[at++] = values[from + column]!
  }
  return { kind: "dense", values: rows }
}

const sparseRows = (x: SparseFeatures, nodes: Int32Array): SparseFeatures => {
  const rowOffsets = sharedInt32(nodes.length + 1)
  for (const [row, node] of nodes.entries()) {
    rowOffsets[row + 1] = rowOffsets[row]! + x.rowOffsets[node + 1]! - x.rowOffsets[node]!
  }
  const colIndices = sharedInt32(rowOffsets[nodes.length]!)
  const values = sharedFloat32(colIndices.length)
  for (const [row, node] of nodes.entries()) {
    const [first, end] = [x.rowOffsets[node]!, x.rowOffsets[node + 1]!]
    colIndices.set(x.colIndices.subarray(first, end), rowOffsets[row]!)
    values.set(x.values.subarray(first, end), rowOffsets[row]!)
  }
  return { kind: "csr", rowOffsets, colIndices, values }
}

/** null where it is larger than asked for. A target that is no node fails as any list of targets. */
export const extractNeighbourhood = (request: NeighbourhoodRequest): Neighbourhood | null => {
  const { graph, hops } = request
  const targets = targetNodes({ ...request, numNodes: graph.shape.numNodes })
  const found = find(targets, request)
  if (found === null) return null
  const { nodes, places } = found
  const { featureWidth, hasEdgeWeight } = graph.shape
  const features =
    graph.features.kind === "dense"
      ? denseRows(graph.features, nodes, featureWidth)
      : sparseRows(graph.features, nodes)
  const shared = sharedInt32(nodes.length)
  shared.set(nodes)
  const digest = createHash("sha256").update(bytesOf(targets)).digest("hex")
  return {
    rows: targets.map((node) => places[node]! - 1),
    graph: {
      contentId: `${graph.contentId}/${hops}-hop/${digest}`,
      shape: {
        numNodes: nodes.length,
        numEdges: found.numEdges,
        featureWidth,
        featureNonZeros: features.kind === "csr" ? features.values.length : null,
        hasEdgeWeight,
        numGraphs: null,
      },
      ...edgesOf(graph, found),
      features,
      graphOffsets: null,
      origin: { kind: "part", graph, nodes: shared },
    },
  }
}
