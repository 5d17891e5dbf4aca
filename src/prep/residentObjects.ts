// Resident objects of a task, by role: which lie in the graph as they are, which must be computed,
// and the list of target nodes. Keys are content addresses.
import { createHash } from "node:crypto"
import { IndexOverflow, NodeOutOfRange } from "../model/errors.ts"
import type { Graph } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import type { ResidentObject, ResidentRole } from "../model/Resident.ts"
import { sharedFloat32, sharedInt32 } from "../model/Tensor.ts"
import { bytesOf, type NpyArray } from "./npy.ts"

/** Roles that are computed from a graph or a model. */
export type DerivedRole = Extract<
  ResidentRole,
  `gcn.${string}` | `${string}.rowWork` | "model.weights"
>

export const isDerived = (role: ResidentRole): role is DerivedRole =>
  role.startsWith("gcn.") || role.endsWith(".rowWork") || role === "model.weights"

/** The fill of a `gcn.…@fill` role. */
export const fillOf = (role: ResidentRole): number => {
  const fill = Number(role.slice(role.indexOf("@") + 1))
  if (Number.isFinite(fill)) return fill
  throw new Error(`role ${role} has no fill`)
}

export const residentKey = (contentId: string, role: ResidentRole): string => `${contentId}/${role}`

export const makeResident = (key: string, array: NpyArray): ResidentObject => ({
  key,
  bytes: array.byteLength,
  data: bytesOf(array),
})

/** Without a `batch` all nodes are one graph, as PyG's poolings take it. */
const oneGraph = (numNodes: number): Int32Array => {
  const offsets = sharedInt32(2)
  offsets[1] = numNodes
  return offsets
}

const emptyTail = "graph.graphOffsets@"

/** Offsets of `role`'s number of graphs: those that the batch does not mention have no node. */
const withEmptyGraphs = (offsets: Int32Array, role: ResidentRole): Int32Array => {
  const padded = sharedInt32(Number(role.slice(emptyTail.length)) + 1)
  padded.set(offsets)
  return padded.fill(offsets.at(-1)!, offsets.length)
}

const graphArray = (graph: Graph, role: ResidentRole): NpyArray | null => {
  const { features } = graph
  if (role.startsWith(emptyTail)) {
    return withEmptyGraphs(graphArray(graph, "graph.graphOffsets") as Int32Array, role)
  }
  switch (role) {
    case "graph.rowOffsets":
      return graph.rowOffsets
    case "graph.colIndices":
      return graph.colIndices
    case "graph.edgeWeight":
      return graph.edgeWeight
    case "graph.graphOffsets":
      return graph.graphOffsets ?? oneGraph(graph.shape.numNodes)
    case "x.dense":
      return features.kind === "dense" ? features.values : null
    case "x.rowOffsets":
      return features.kind === "csr" ? features.rowOffsets : null
    case "x.colIndices":
      return features.kind === "csr" ? features.colIndices : null
    case "x.values":
      return features.kind === "csr" ? features.values : null
    default:
      return null
  }
}

/** An array of the graph itself. A role that the graph does not have is a planner's mistake. */
export const directResident = (graph: Graph, role: ResidentRole): ResidentObject => {
  const array = graphArray(graph, role)
  if (array === null) throw new Error(`graph ${graph.contentId} has no ${role}`)
  return makeResident(residentKey(graph.contentId, role), array)
}

/** What the whole graph's object says of the nodes of a part. */
export const partOfResident = (
  whole: ResidentObject,
  { contentId, origin }: Graph,
  role: ResidentRole,
): ResidentObject => {
  if (origin?.kind !== "part") throw new Error(`graph ${contentId} is no part of another`)
  const { nodes } = origin
  const { buffer, byteOffset, byteLength } = whole.data
  const values = new Float32Array(buffer, byteOffset, byteLength / 4)
  const own = sharedFloat32(nodes.length)
  for (const [row, node] of nodes.entries()) own[row] = values[node]!
  return makeResident(residentKey(contentId, role), own)
}

export interface TargetList {
  readonly taskId: string
  readonly targets: ReadonlyArray<number> | Int32Array
  readonly numNodes: number
}

/** int32 targets in the order asked, each a node of the graph. */
export const targetNodes = ({ taskId, targets, numNodes }: TargetList): Int32Array => {
  if (targets.length > limits.maxTargets) {
    const limit = limits.maxTargets
    throw new IndexOverflow({ file: taskId, what: "targets", value: targets.length, limit })
  }
  const nodes = sharedInt32(targets.length)
  for (let position = 0; position < nodes.length; position++) {
    const node = targets[position]!
    if (!Number.isInteger(node) || node < 0 || node >= numNodes) {
      throw new NodeOutOfRange({ task: taskId, position, node, numNodes })
    }
    nodes[position] = node
  }
  return nodes
}

/** Keyed by content. */
export const targetResident = (list: TargetList): ResidentObject => {
  const nodes = targetNodes(list)
  const digest = createHash("sha256").update(bytesOf(nodes)).digest("hex")
  return makeResident(`targets/${digest}`, nodes)
}
