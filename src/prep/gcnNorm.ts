// The symmetric normalisation of GCN, derived from a graph once: deg^-1/2 and the weight of each
// node's self loop, by the rules of PyG's gcn_norm and add_remaining_self_loops (2.3 and later).
import { BadFile } from "../model/errors.ts"
import type { Graph } from "../model/Graph.ts"
import { sharedFloat32 } from "../model/Tensor.ts"

/**
 * float64 [N]: the weight of the one self loop each node has when loops of weight `fill` are added.
 * A stored loop keeps its own weight, of several the last one's. Without edge weights PyG weighs
 * every edge 1 *after* it has added the loops, so that `improved` (fill 2) has no effect there.
 */
const loopWeights = (graph: Graph, fill: number): Float64Array => {
  const { rowOffsets, colIndices, edgeWeight } = graph
  const weights = new Float64Array(graph.shape.numNodes)
  if (edgeWeight === null) return weights.fill(1)
  weights.fill(fill)
  for (let node = 0; node < weights.length; node++) {
    for (let edge = rowOffsets[node]!; edge < rowOffsets[node + 1]!; edge++) {
      if (colIndices[edge] === node) weights[node] = edgeWeight[edge]!
    }
  }
  return weights
}

/** float64 [N]: the sum of the weights of incoming edges, stored loops among them or not. */
const weighedDegrees = (graph: Graph, countLoops: boolean): Float64Array => {
  const { rowOffsets, colIndices, edgeWeight } = graph
  const degrees = new Float64Array(graph.shape.numNodes)
  for (let node = 0; node < degrees.length; node++) {
    let degree = 0
    for (let edge = rowOffsets[node]!; edge < rowOffsets[node + 1]!; edge++) {
      if (!countLoops && colIndices[edge] === node) continue
      degree += edgeWeight === null ? 1 : edgeWeight[edge]!
    }
    degrees[node] = degree
  }
  return degrees
}

/**
 * float32 [N]: deg^-1/2, 0 where the degree is 0. With `fill` 0 no loops are added and stored ones
 * count as edges. A negative degree, which PyG turns into NaN, is refused.
 */
export const gcnScale = (graph: Graph, fill: number): Float32Array => {
  const degrees = weighedDegrees(graph, fill === 0)
  const loops = fill === 0 ? null : loopWeights(graph, fill)
  const scale = sharedFloat32(degrees.length)
  for (let node = 0; node < scale.length; node++) {
    const degree = degrees[node]! + (loops === null ? 0 : loops[node]!)
    if (degree < 0) {
      throw new BadFile({
        file: `graph ${graph.contentId.slice(0, 12)}`,
        place: `degree of node ${node}`,
        expected: "edge weights with a sum of at least 0",
        found: `${degree}`,
      })
    }
    scale[node] = degree === 0 ? 0 : 1 / Math.sqrt(degree)
  }
  return scale
}

/** float32 [N]: see loopWeights; `fill` is above 0. */
export const gcnSelfWeight = (graph: Graph, fill: number): Float32Array => {
  const weights = loopWeights(graph, fill)
  const shared = sharedFloat32(weights.length)
  shared.set(weights)
  return shared
}
