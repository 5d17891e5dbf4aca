// Features of a preset: sparse bags of words, dense embeddings or one-hot labels, in shared memory.
import type { DenseFeatures, GraphShape, SparseFeatures } from "../../model/Graph.ts"
import { sharedFloat32, sharedInt32 } from "../../model/Tensor.ts"
import type { Random } from "../random.ts"
import type { FeatureKind } from "./catalogue.ts"
import { spreadCounts } from "./spreadCounts.ts"

/** `length` values in [-1, 1). */
export const uniformFeatures = (length: number, random: Random): DenseFeatures => {
  const values = sharedFloat32(length)
  for (let i = 0; i < values.length; i++) values[i] = random.next() * 2 ** -31 - 1
  return { kind: "dense", values }
}

/** Labels are as uneven as real ones: low numbers are common, high ones rare. */
const oneHotValues = (shape: GraphShape, random: Random): DenseFeatures => {
  const { numNodes, featureWidth } = shape
  const values = sharedFloat32(numNodes * featureWidth)
  for (let node = 0; node < numNodes; node++) {
    const label = Math.floor(random.uniform() ** 3 * featureWidth)
    values[node * featureWidth + label] = 1
  }
  return { kind: "dense", values }
}

/** Distinct ascending columns, common words first, into `row`. */
const pickWords = (row: Int32Array, usedBy: Int32Array, node: number, random: Random): void => {
  const width = usedBy.length
  for (let k = 0; k < row.length; k++) {
    let column = Math.floor(random.uniform() ** 2 * width)
    if (usedBy[column] === node) column = random.below(width)
    while (usedBy[column] === node) column = column + 1 < width ? column + 1 : 0
    usedBy[column] = node
    row[k] = column
  }
  row.sort()
}

const bagOfWords = (shape: GraphShape, binary: boolean, random: Random): SparseFeatures => {
  const { numNodes, featureWidth } = shape
  const total = shape.featureNonZeros ?? 0
  const caps = new Int32Array(numNodes).fill(featureWidth)
  const counts = spreadCounts({ total, caps }, random)
  const rowOffsets = sharedInt32(numNodes + 1)
  for (let node = 0; node < numNodes; node++)
    rowOffsets[node + 1] = rowOffsets[node]! + counts[node]!
  const colIndices = sharedInt32(total)
  const usedBy = new Int32Array(featureWidth).fill(-1)
  for (let node = 0; node < numNodes; node++) {
    const row = colIndices.subarray(rowOffsets[node], rowOffsets[node + 1])
    pickWords(row, usedBy, node, random)
  }
  const values = sharedFloat32(total)
  if (binary) values.fill(1)
  else for (let i = 0; i < total; i++) values[i] = 0.01 + 0.1 * random.uniform()
  return { kind: "csr", rowOffsets, colIndices, values }
}

export const presetFeatures = (
  kind: FeatureKind,
  shape: GraphShape,
  random: Random,
): DenseFeatures | SparseFeatures => {
  switch (kind.kind) {
    case "bagOfWords":
      return bagOfWords(shape, kind.binary, random)
    case "dense":
      return uniformFeatures(shape.numNodes * shape.featureWidth, random)
    case "oneHot":
      return oneHotValues(shape, random)
  }
}
