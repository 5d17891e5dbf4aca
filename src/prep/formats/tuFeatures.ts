// What the nodes of a TU data set have for features: attributes and labels of the set, the labels
// alone, or what a rule makes instead.
import { existsSync } from "node:fs"
import { basename } from "node:path"
import { BadConfig } from "../../model/errors.ts"
import type { DenseFeatures, FeatureRule, SparseFeatures } from "../../model/Graph.ts"
import { sharedFloat32 } from "../../model/Tensor.ts"
import type { Edges } from "./EdgeBuffer.ts"
import {
  checkDense,
  type FeatureExtents,
  featureExtents,
  featureForms,
  type MadeFeatures,
  madeFeatures,
  makeFeatures,
} from "./featureRule.ts"
import { type LabelColumns, type NodeTable, readAttributes, readLabels } from "./tuTables.ts"

/** Where x comes from. */
export type Columns =
  | { readonly kind: "made"; readonly rule: MadeFeatures }
  | {
      readonly kind: "read"
      readonly attributes: NodeTable | null
      readonly labels: LabelColumns | null
    }

export const readColumns = (
  set: string,
  numNodes: number,
  rule: FeatureRule | undefined,
): Columns => {
  if (rule !== undefined && rule.kind !== "labels") {
    return { kind: "made", rule: madeFeatures(set, rule) }
  }
  const readWhere = <A>(path: string, read: (path: string, numNodes: number) => A): A | null =>
    existsSync(path) ? read(path, numNodes) : null
  const labels = readWhere(`${set}_node_labels.txt`, readLabels)
  const attributes =
    rule === undefined ? readWhere(`${set}_node_attributes.txt`, readAttributes) : null
  if (labels !== null || attributes !== null) return { kind: "read", attributes, labels }
  const name = basename(set)
  const missing = rule === undefined ? "labels nor attributes" : "labels"
  const expected = `${featureForms}, because ${name} has no node ${missing}`
  throw new BadConfig({ file: set, path: "features", expected, found: rule?.kind ?? "nothing" })
}

export const columnExtents = (set: string, columns: Columns, numNodes: number): FeatureExtents => {
  if (columns.kind === "made") return featureExtents(set, columns.rule, numNodes)
  const featureWidth = (columns.attributes?.width ?? 0) + (columns.labels?.width ?? 0)
  checkDense(set, numNodes, featureWidth)
  return { featureWidth, featureNonZeros: null }
}

/** Attributes, then labels. */
const joinColumns = (
  { attributes, labels }: Extract<Columns, { readonly kind: "read" }>,
  numNodes: number,
  featureWidth: number,
): DenseFeatures => {
  const values = sharedFloat32(numNodes * featureWidth)
  const labelsFrom = attributes?.width ?? 0
  for (let node = 0; node < numNodes; node++) {
    const row = node * featureWidth
    for (let column = 0; column < labelsFrom; column++) {
      values[row + column] = attributes!.values[node * labelsFrom + column]!
    }
    if (labels === null) continue
    const { labels: table, least, firstColumn } = labels
    for (let column = 0; column < table.width; column++) {
      const label = table.values[node * table.width + column]! - least[column]!
      values[row + labelsFrom + firstColumn[column]! + label] = 1
    }
  }
  return { kind: "dense", values }
}

export const makeColumns = (
  set: string,
  columns: Columns,
  edges: Edges,
  featureWidth: number,
): DenseFeatures | SparseFeatures =>
  columns.kind === "made"
    ? makeFeatures(set, columns.rule, edges)
    : joinColumns(columns, edges.numNodes, featureWidth)
