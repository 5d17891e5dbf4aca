// Features by a rule, for graphs whose files have none: their extents by formula, and themselves.
import { BadConfig, BadFile, IndexOverflow } from "../../model/errors.ts"
import type { DenseFeatures, FeatureRule, GraphShape, SparseFeatures } from "../../model/Graph.ts"
import { limits } from "../../model/limits.ts"
import { sharedFloat32, sharedInt32 } from "../../model/Tensor.ts"
import { uniformFeatures } from "../presets/presetFeatures.ts"
import { Random } from "../random.ts"
import type { Edges } from "./EdgeBuffer.ts"

export type FeatureExtents = Pick<GraphShape, "featureWidth" | "featureNonZeros">

/** A rule that needs nothing but the edges. */
export type MadeFeatures = Exclude<FeatureRule, { readonly kind: "labels" }>

/** What people write, as errors show it. */
export const featureForms =
  "64 (as many random numbers a node), ones, identity, or degree:64 (degrees up to 64, one-hot)"

const badRule = (file: string, path: string, expected: string, found: unknown): BadConfig =>
  new BadConfig({ file, path, expected, found: `${found}` })

const checkWidth = (file: string, value: number): void => {
  const limit = limits.maxFeatureWidth
  if (value > limit) throw new IndexOverflow({ file, what: "feature width", value, limit })
}

/** Refuses what is no rule, and labels where there are none. */
export const madeFeatures = (file: string, rule: FeatureRule | undefined): MadeFeatures => {
  switch (rule?.kind) {
    case "random":
      if (!(Number.isInteger(rule.width) && rule.width > 0)) {
        throw badRule(file, "features.width", "a whole number of at least 1", rule.width)
      }
      if (!Number.isSafeInteger(rule.seed)) {
        throw badRule(file, "features.seed", "a whole number", rule.seed)
      }
      return rule
    case "degree":
      if (Number.isInteger(rule.most) && rule.most >= 0) return rule
      throw badRule(file, "features.most", "a whole number of at least 0", rule.most)
    case "ones":
    case "identity":
      return rule
    default:
      throw badRule(file, "features", featureForms, rule?.kind ?? "nothing")
  }
}

const widthOf = (rule: MadeFeatures, numNodes: number): number => {
  switch (rule.kind) {
    case "random":
      return rule.width
    case "ones":
      return 1
    case "identity":
      return numNodes
    case "degree":
      return rule.most + 1
  }
}

/** IndexOverflow where they are too many to be indexed. */
export const featureExtents = (
  file: string,
  rule: MadeFeatures,
  numNodes: number,
): FeatureExtents => {
  const featureWidth = widthOf(rule, numNodes)
  checkWidth(file, featureWidth)
  if (rule.kind === "identity" || rule.kind === "degree") {
    return { featureWidth, featureNonZeros: numNodes }
  }
  checkDense(file, numNodes, featureWidth)
  return { featureWidth, featureNonZeros: null }
}

/** Dense features that no file holds, to be made here. */
export const checkDense = (file: string, numNodes: number, featureWidth: number): void => {
  checkWidth(file, featureWidth)
  const value = numNodes * featureWidth
  const limit = limits.maxIndex
  if (value > limit) throw new IndexOverflow({ file, what: "features of all nodes", value, limit })
}

/** 0, 1, 2 … in place. */
const countUp = (numbers: Int32Array): Int32Array => {
  for (let i = 0; i < numbers.length; i++) numbers[i] = i
  return numbers
}

/** A one in the column of each row. */
const oneHotRows = (colIndices: Int32Array): SparseFeatures => ({
  kind: "csr",
  rowOffsets: countUp(sharedInt32(colIndices.length + 1)),
  colIndices,
  values: sharedFloat32(colIndices.length).fill(1),
})

const outDegrees = (file: string, edges: Edges, most: number): Int32Array => {
  const { numNodes, edgeIndex } = edges
  const degrees = sharedInt32(numNodes)
  for (let edge = 0; edge < edgeIndex.length / 2; edge++) degrees[edgeIndex[edge]!]!++
  const beyond = degrees.findIndex((degree) => degree > most)
  if (beyond === -1) return degrees
  const expected = `degrees of at most ${most}, as features: degree:${most} says`
  const found = `a degree of ${degrees[beyond]}`
  throw new BadFile({ file, place: `node ${beyond}`, expected, found })
}

export const makeFeatures = (
  file: string,
  rule: MadeFeatures,
  edges: Edges,
): DenseFeatures | SparseFeatures => {
  const { numNodes } = edges
  switch (rule.kind) {
    case "random":
      return uniformFeatures(numNodes * rule.width, new Random(rule.seed, "features"))
    case "ones":
      return { kind: "dense", values: sharedFloat32(numNodes).fill(1) }
    case "identity":
      return oneHotRows(countUp(sharedInt32(numNodes)))
    case "degree":
      return oneHotRows(outDegrees(file, edges, rule.most))
  }
}
