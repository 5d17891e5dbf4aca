// Several graphs as one, side by side: rows, edges and graphs of each follow those of the one before it,
// in their own order, so that every sum has the bits it has alone.
import { createHash } from "node:crypto"
import type { DenseFeatures, Graph, GraphShape, SparseFeatures } from "../model/Graph.ts"
import { sharedFloat32, sharedInt32 } from "../model/Tensor.ts"

export interface UnionRequest {
  /** At least one; features and weights of the same kind. */
  readonly graphs: ReadonlyArray<Graph>
  /** With a readout: the least number of graphs that each of them counts as; else null. */
  readonly leastGraphs: number | null
}

const total = (graphs: ReadonlyArray<Graph>, of: (shape: GraphShape) => number): number =>
  graphs.reduce((sum, { shape }) => sum + of(shape), 0)

/** How many rows a readout of the graph has. */
export const graphsOf = ({ numGraphs }: GraphShape, leastGraphs: number): number =>
  Math.max(numGraphs ?? 1, leastGraphs)

export const unionShape = ({ graphs, leastGraphs }: UnionRequest): GraphShape => {
  const { featureNonZeros, featureWidth, hasEdgeWeight } = graphs[0]!.shape
  return {
    numNodes: total(graphs, ({ numNodes }) => numNodes),
    numEdges: total(graphs, ({ numEdges }) => numEdges),
    featureWidth,
    featureNonZeros:
      featureNonZeros === null ? null : total(graphs, (shape) => shape.featureNonZeros!),
    hasEdgeWeight,
    numGraphs: leastGraphs === null ? null : total(graphs, (shape) => graphsOf(shape, leastGraphs)),
  }
}

export const unionId = ({ graphs, leastGraphs }: UnionRequest): string => {
  const hash = createHash("sha256")
  for (const { contentId } of graphs) hash.update(contentId)
  return `union/${hash.digest("hex")}/${leastGraphs}`
}

/** Offsets one after another: each part's last is the next one's first. */
const joinOffsets = (parts: ReadonlyArray<Int32Array>, length: number): Int32Array => {
  const joined = sharedInt32(length + 1)
  let [at, base] = [0, 0]
  for (const part of parts) {
    for (let i = 1; i < part.length; i++) joined[++at] = base + part[i]!
    base += part.at(-1)!
  }
  return joined
}

const joinFloats = (parts: ReadonlyArray<Float32Array>): Float32Array => {
  const joined = sharedFloat32(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** `shifts`: what is added to each part's indices. */
const joinIndices = (
  parts: ReadonlyArray<Int32Array>,
  shifts: ReadonlyArray<number>,
): Int32Array => {
  const joined = sharedInt32(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const [index, part] of parts.entries()) {
    const shift = shifts[index]!
    for (let i = 0; i < part.length; i++) joined[at++] = part[i]! + shift
  }
  return joined
}

const joinFeatures = (
  graphs: ReadonlyArray<Graph>,
  numNodes: number,
): DenseFeatures | SparseFeatures => {
  const dense = graphs.map(({ features }) => features).filter((x) => x.kind === "dense")
  if (dense.length > 0) return { kind: "dense", values: joinFloats(dense.map((x) => x.values)) }
  const sparse = graphs.map(({ features }) => features).filter((x) => x.kind === "csr")
  const columns = sparse.map((x) => x.colIndices)
  const rowOffsets = sparse.map((x) => x.rowOffsets)
  return {
    kind: "csr",
    rowOffsets: joinOffsets(rowOffsets, numNodes),
    colIndices: joinIndices(columns, new Array<number>(columns.length).fill(0)),
    values: joinFloats(sparse.map((x) => x.values)),
  }
}

/** Without a batch the whole is one graph; graphs that are not there are empty. */
const offsetsOf = ({ graphOffsets, shape }: Graph, leastGraphs: number): Int32Array => {
  const known = graphOffsets ?? Int32Array.of(0, shape.numNodes)
  const padded = new Int32Array(graphsOf(shape, leastGraphs) + 1)
  padded.set(known)
  return padded.fill(shape.numNodes, known.length)
}

export const uniteGraphs = (request: UnionRequest): Graph => {
  const { graphs, leastGraphs } = request
  const shape = unionShape(request)
  const firstNodes: Array<number> = []
  let nodes = 0
  for (const graph of graphs) {
    firstNodes.push(nodes)
    nodes += graph.shape.numNodes
  }
  return {
    contentId: unionId(request),
    shape,
    rowOffsets: joinOffsets(
      graphs.map(({ rowOffsets }) => rowOffsets),
      nodes,
    ),
    colIndices: joinIndices(
      graphs.map(({ colIndices }) => colIndices),
      firstNodes,
    ),
    edgeWeight: shape.hasEdgeWeight
      ? joinFloats(graphs.map(({ edgeWeight }) => edgeWeight!))
      : null,
    features: joinFeatures(graphs, nodes),
    graphOffsets:
      leastGraphs === null
        ? null
        : joinOffsets(
            graphs.map((graph) => offsetsOf(graph, leastGraphs)),
            shape.numGraphs!,
          ),
    origin: { kind: "union" },
  }
}
