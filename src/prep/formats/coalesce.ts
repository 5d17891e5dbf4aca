// Edges put in order of source, then target, each pair once: what PyG's `coalesce` and
// `to_undirected` do.
import { buildCsr, transposeCsr } from "../csr.ts"
import type { Edges } from "./EdgeBuffer.ts"

/** Weights of what comes more than once are added. */
export const coalesce = ({ numNodes, edgeIndex, edgeWeight }: Edges): Edges => {
  const bySource = transposeCsr(buildCsr(numNodes, edgeIndex, edgeWeight))
  const { rowOffsets, colIndices: targets, edgeWeight: weights } = bySource
  const sources = new Int32Array(targets.length)
  let count = 0
  for (let source = 0; source < numNodes; source++) {
    const first = count
    for (let edge = rowOffsets[source]!; edge < rowOffsets[source + 1]!; edge++) {
      const isNew = count === first || targets[edge] !== targets[count - 1]
      if (!isNew) {
        if (weights !== null) weights[count - 1]! += weights[edge]!
        continue
      }
      // What is kept moves to the front of the arrays it is read from.
      targets[count] = targets[edge]!
      if (weights !== null) weights[count] = weights[edge]!
      sources[count++] = source
    }
  }
  const kept = new Int32Array(2 * count)
  kept.set(sources.subarray(0, count))
  kept.set(targets.subarray(0, count), count)
  return { numNodes, edgeIndex: kept, edgeWeight: weights?.subarray(0, count) ?? null }
}

/** Both directions of every edge, coalesced; the weight of a self loop counts twice, as in PyG. */
export const toUndirected = ({ numNodes, edgeIndex, edgeWeight }: Edges): Edges => {
  const total = edgeIndex.length / 2
  const both = new Int32Array(4 * total)
  both.set(edgeIndex)
  both.set(edgeIndex.subarray(total), 2 * total)
  both.set(edgeIndex.subarray(0, total), 3 * total)
  const weights = edgeWeight === null ? null : new Float32Array(2 * total)
  weights?.set(edgeWeight!)
  weights?.set(edgeWeight!, total)
  return coalesce({ numNodes, edgeIndex: both, edgeWeight: weights })
}
