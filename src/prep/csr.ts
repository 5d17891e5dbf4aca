// Builds the CSR over incoming edges (row = target, column = source) by a stable counting sort:
// within a row, edges keep the order of the input; duplicates and self loops stand as they stood.
import { sharedFloat32, sharedInt32 } from "../model/Tensor.ts"

export interface Csr {
  /** int32 [numNodes + 1] */
  readonly rowOffsets: Int32Array
  /** int32 [numEdges], the source of each edge */
  readonly colIndices: Int32Array
  /** float32 [numEdges] in CSR order, or null */
  readonly edgeWeight: Float32Array | null
}

/** Every index must be within 0 … numNodes-1. `edgeIndex` is [2, E] flat: sources, then targets. */
export const buildCsr = (
  numNodes: number,
  edgeIndex: Int32Array,
  edgeWeight: Float32Array | null,
): Csr => {
  const numEdges = edgeIndex.length / 2
  const sources = edgeIndex.subarray(0, numEdges)
  const targets = edgeIndex.subarray(numEdges)
  const rowOffsets = sharedInt32(numNodes + 1)
  for (let edge = 0; edge < numEdges; edge++) rowOffsets[targets[edge]! + 1]!++
  for (let row = 0; row < numNodes; row++) rowOffsets[row + 1]! += rowOffsets[row]!
  const next = rowOffsets.slice(0, numNodes)
  const colIndices = sharedInt32(numEdges)
  const weights = edgeWeight === null ? null : sharedFloat32(numEdges)
  for (let edge = 0; edge < numEdges; edge++) {
    const slot = next[targets[edge]!]!++
    colIndices[slot] = sources[edge]!
    if (weights !== null) weights[slot] = edgeWeight![edge]!
  }
  return { rowOffsets, colIndices, edgeWeight: weights }
}

/** The same edges, a row per source; targets ascend within each. */
export const transposeCsr = (csr: Csr): Csr => {
  const { rowOffsets, colIndices, edgeWeight } = csr
  const numNodes = rowOffsets.length - 1
  const numEdges = colIndices.length
  const reversed = new Int32Array(numEdges * 2)
  for (let row = 0; row < numNodes; row++) {
    reversed.fill(row, rowOffsets[row], rowOffsets[row + 1])
  }
  reversed.set(colIndices, numEdges)
  return buildCsr(numNodes, reversed, edgeWeight)
}

/** int32 [numGraphs + 1] of an ascending `batch` (the graph of each node). */
export const graphOffsetsOf = (batch: Int32Array, numGraphs: number): Int32Array => {
  const offsets = sharedInt32(numGraphs + 1)
  for (let node = 0; node < batch.length; node++) offsets[batch[node]! + 1]!++
  for (let graph = 0; graph < numGraphs; graph++) offsets[graph + 1]! += offsets[graph]!
  return offsets
}
