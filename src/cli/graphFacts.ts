// What can be said of a loaded graph by counting: degrees, loops, duplicates, sizes of its graphs,
// bytes. Every count is exact.
import type { Graph } from "../model/Graph.ts"

export interface Distribution {
  readonly min: number
  readonly median: number
  readonly p99: number
  readonly max: number
  readonly mean: number
}

export interface GraphFacts {
  readonly contentId: string
  readonly numNodes: number
  readonly numEdges: number
  readonly inDegree: Distribution
  readonly outDegree: Distribution
  /** Nodes that no edge touches. */
  readonly isolatedNodes: number
  readonly selfLoops: number
  /** Edges beyond the first from the same source to the same target. */
  readonly duplicateEdges: number
  readonly edgeWeight: { readonly min: number; readonly max: number } | null
  readonly features: {
    readonly kind: "dense" | "csr"
    readonly width: number
    readonly stored: number
    readonly nonZeroShare: number
  }
  readonly graphs: (Distribution & { readonly count: number }) | null
  readonly bytes: { readonly structure: number; readonly features: number }
}

/** Nearest-rank percentiles; sorts a copy. */
export const distribution = (values: Int32Array): Distribution => {
  if (values.length === 0) return { min: 0, median: 0, p99: 0, max: 0, mean: 0 }
  const sorted = Int32Array.from(values).sort()
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  let sum = 0
  for (const value of sorted) sum += value
  return {
    min: sorted[0]!,
    median: rank(0.5),
    p99: rank(0.99),
    max: sorted[sorted.length - 1]!,
    mean: sum / sorted.length,
  }
}

const differences = (offsets: Int32Array): Int32Array => {
  const sizes = new Int32Array(offsets.length - 1)
  for (let index = 0; index < sizes.length; index++) {
    sizes[index] = offsets[index + 1]! - offsets[index]!
  }
  return sizes
}

interface EdgeCounts {
  readonly outDegrees: Int32Array
  readonly selfLoops: number
  readonly duplicates: number
}

const countEdges = ({ shape, rowOffsets, colIndices }: Graph): EdgeCounts => {
  const outDegrees = new Int32Array(shape.numNodes)
  let selfLoops = 0
  let duplicates = 0
  for (let row = 0; row < shape.numNodes; row++) {
    const sources = Int32Array.from(
      colIndices.subarray(rowOffsets[row]!, rowOffsets[row + 1]!),
    ).sort()
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index]!
      outDegrees[source]!++
      if (source === row) selfLoops++
      if (index > 0 && source === sources[index - 1]) duplicates++
    }
  }
  return { outDegrees, selfLoops, duplicates }
}

const range = (values: Float32Array): { min: number; max: number } => {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  return { min, max }
}

const featureFacts = ({ shape, features }: Graph): GraphFacts["features"] => {
  const cells = shape.numNodes * shape.featureWidth
  let nonZeros = 0
  for (const value of features.values) if (value !== 0) nonZeros++
  return {
    kind: features.kind,
    width: shape.featureWidth,
    stored: features.values.length,
    nonZeroShare: cells === 0 ? 0 : nonZeros / cells,
  }
}

const bytesOf = ({ rowOffsets, colIndices, edgeWeight, graphOffsets, features }: Graph) => ({
  structure:
    rowOffsets.byteLength +
    colIndices.byteLength +
    (edgeWeight?.byteLength ?? 0) +
    (graphOffsets?.byteLength ?? 0),
  features:
    features.values.byteLength +
    (features.kind === "csr" ? features.rowOffsets.byteLength + features.colIndices.byteLength : 0),
})

export const graphFacts = (graph: Graph): GraphFacts => {
  const { shape, edgeWeight, graphOffsets } = graph
  const inDegrees = differences(graph.rowOffsets)
  const { outDegrees, selfLoops, duplicates } = countEdges(graph)
  let isolatedNodes = 0
  for (let node = 0; node < shape.numNodes; node++) {
    if (inDegrees[node] === 0 && outDegrees[node] === 0) isolatedNodes++
  }
  return {
    contentId: graph.contentId,
    numNodes: shape.numNodes,
    numEdges: shape.numEdges,
    inDegree: distribution(inDegrees),
    outDegree: distribution(outDegrees),
    isolatedNodes,
    selfLoops,
    duplicateEdges: duplicates,
    edgeWeight: edgeWeight === null || edgeWeight.length === 0 ? null : range(edgeWeight),
    features: featureFacts(graph),
    graphs:
      graphOffsets === null
        ? null
        : { count: graphOffsets.length - 1, ...distribution(differences(graphOffsets)) },
    bytes: bytesOf(graph),
  }
}
