// A graph given as arrays in memory: the same checks as a folder's, the same Graph. Errors name
// the file "(arrays)".
import { BadFile, EdgeOutOfRange, IndexOverflow, NotFinite } from "../model/errors.ts"
import type {
  DenseFeatures,
  Graph,
  GraphShape,
  GraphSource,
  SparseFeatures,
} from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { sharedFloat32, sharedInt32 } from "../model/Tensor.ts"
import { buildCsr, graphOffsetsOf } from "./csr.ts"
import { makeGraph } from "./graphContent.ts"
import { findNonFinite } from "./npy.ts"

export type ArraysSource = Extract<GraphSource, { readonly kind: "arrays" }>

const file = "(arrays)"

const refuse = (place: string, expected: string, found: string): BadFile =>
  new BadFile({ file, place, expected, found })

const checkLength = (place: string, found: number, expected: number): void => {
  if (found !== expected) throw refuse(place, `${expected} elements`, `${found}`)
}

const checkCount = (what: string, value: number, limit: number): void => {
  if (!Number.isInteger(value) || value < 0) throw refuse(what, "a count", `${value}`)
  if (value > limit) throw new IndexOverflow({ file, what, value, limit })
}

const checkFeatureLengths = (source: ArraysSource): void => {
  const { features, numNodes, featureWidth } = source
  if (features.kind === "dense") {
    checkLength("features.values", features.values.length, numNodes * featureWidth)
    return
  }
  checkCount("stored features", features.values.length, limits.maxIndex)
  checkLength("features.rowOffsets", features.rowOffsets.length, numNodes + 1)
  checkLength("features.colIndices", features.colIndices.length, features.values.length)
}

/** The last graph's number + 1, or more when `numGraphs` counts empty ones too. */
const countGraphs = (source: ArraysSource): number | null => {
  const { batch, numGraphs } = source
  if (batch === null) {
    if (numGraphs !== null) throw refuse("numGraphs", "null without a batch", `${numGraphs}`)
    return null
  }
  const least = batch.length === 0 ? 0 : Number(batch.at(-1)) + 1
  const count = numGraphs ?? least
  checkCount("graphs", count, limits.maxGraphsInUnion)
  if (count < least) throw refuse("numGraphs", `at least ${least}`, `${count}`)
  return count
}

/** Lengths and counts are checked; no edge, feature or weight is looked at. */
export const arraysShape = (source: ArraysSource): GraphShape => {
  const { numNodes, featureWidth, edgeIndex, edgeWeight, batch, features } = source
  checkCount("nodes", numNodes, limits.maxIndex)
  checkCount("feature width", featureWidth, limits.maxFeatureWidth)
  checkCount("edges", Math.floor(edgeIndex.length / 2), limits.maxIndex)
  if (edgeIndex.length % 2 !== 0) throw refuse("edgeIndex", "[2, edges]", `${edgeIndex.length}`)
  checkFeatureLengths(source)
  if (edgeWeight !== null) checkLength("edgeWeight", edgeWeight.length, edgeIndex.length / 2)
  if (batch !== null) checkLength("batch", batch.length, numNodes)
  return {
    numNodes,
    numEdges: edgeIndex.length / 2,
    featureWidth,
    featureNonZeros: features.kind === "csr" ? features.values.length : null,
    hasEdgeWeight: edgeWeight !== null,
    numGraphs: countGraphs(source),
  }
}

/** A copy in shared memory, all finite. */
const shareFinite = (place: string, values: Float32Array): Float32Array => {
  const shared = sharedFloat32(values.length)
  shared.set(values)
  const bad = findNonFinite(shared)
  if (bad === -1) return shared
  throw new NotFinite({ file, place: `${place}[${bad}]`, value: shared[bad]! })
}

/** A copy in shared memory; every value within 0 … max, or the error of `refused`. */
const shareInts = (
  values: Int32Array | BigInt64Array,
  max: number,
  refused: (position: number, value: number) => Error,
): Int32Array => {
  const shared = sharedInt32(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i])
    if (value < 0 || value > max) throw refused(i, value)
    shared[i] = value
  }
  return shared
}

const shareFeatures = (source: ArraysSource): DenseFeatures | SparseFeatures => {
  const { features, featureWidth } = source
  const values = shareFinite("features.values", features.values)
  if (features.kind === "dense") return { kind: "dense", values }
  const named = (name: string, max: number) => (position: number, value: number) =>
    refuse(`features.${name}[${position}]`, `0 to ${max}`, `${value}`)
  const stored = values.length
  const rowOffsets = shareInts(features.rowOffsets, stored, named("rowOffsets", stored))
  const colIndices = shareInts(
    features.colIndices,
    featureWidth - 1,
    named("colIndices", featureWidth - 1),
  )
  for (let row = 0; row < rowOffsets.length; row++) {
    const least = row === 0 ? 0 : rowOffsets[row - 1]!
    const most = row === 0 ? 0 : stored
    const offset = rowOffsets[row]!
    if (offset >= least && offset <= most) continue
    throw refuse(`features.rowOffsets[${row}]`, `${least} to ${most}`, `${offset}`)
  }
  if (rowOffsets.at(-1) !== stored) {
    throw refuse("features.rowOffsets: last", `${stored}`, `${rowOffsets.at(-1)}`)
  }
  return { kind: "csr", rowOffsets, colIndices, values }
}

const shareOffsets = (source: ArraysSource, numGraphs: number | null): Int32Array | null => {
  if (source.batch === null || numGraphs === null) return null
  const batch = shareInts(source.batch, numGraphs - 1, (position, value) =>
    refuse(`batch[${position}]`, `ascending, 0 to ${numGraphs - 1}`, `${value}`),
  )
  for (let node = 1; node < batch.length; node++) {
    if (batch[node]! >= batch[node - 1]!) continue
    throw refuse(`batch[${node}]`, `ascending, at least ${batch[node - 1]}`, `${batch[node]}`)
  }
  return graphOffsetsOf(batch, numGraphs)
}

export const loadArrays = (source: ArraysSource): Graph => {
  const { numNodes, numEdges, featureWidth, numGraphs } = arraysShape(source)
  const edges = shareInts(
    source.edgeIndex,
    numNodes - 1,
    (position, node) => new EdgeOutOfRange({ file, edge: position % numEdges, node, numNodes }),
  )
  const weight = source.edgeWeight === null ? null : shareFinite("edgeWeight", source.edgeWeight)
  const features = shareFeatures(source)
  const graphOffsets = shareOffsets(source, numGraphs)
  const csr = buildCsr(numNodes, edges, weight)
  return makeGraph({ numNodes, featureWidth, features, graphOffsets, ...csr })
}
