// What a task asks for, as keys: of tasks that ask for the same, and of tasks that differ but may run as
// one.
import { createHash } from "node:crypto"
import { limits } from "../model/limits.ts"
import { footprintBytes, type Plan } from "../model/Plan.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { MergeKeys } from "./PreparedTask.ts"

/** Equal keys, equal answers; null: a run of its own, or targets too many to compare. */
export const workKey = ({ graph, model, spec }: LiveTask): string | null => {
  const { nodes, share = true } = spec
  if (!share || (nodes?.length ?? 0) > limits.maxInlineTargets) return null
  return `${model.contentId}|${graph.contentId}|${nodes === null ? "all" : digestOf(nodes)}`
}

const digestOf = (nodes: ArrayLike<number>): string =>
  createHash("sha256")
    .update(new Uint8Array(Float64Array.from(nodes).buffer))
    .digest("base64")

/** What a run of the task alone would bring to the device, weights apart: everybody has those. */
export const ownBytes = (plan: Plan): number =>
  plan.residents.reduce(
    (bytes, slot) => bytes - (slot.role === "model.weights" ? slot.bytes : 0),
    footprintBytes(plan),
  )

/**
 * Targets on one graph join each other, or a run that answers for all nodes anyway. Small graphs join
 * each other where one plan does for all what each one's own does.
 */
export const mergeKeys = ({ graph, model, spec }: LiveTask, plan: Plan): MergeKeys => {
  const targets = `nodes|${model.contentId}|${graph.contentId}`
  if (spec.nodes !== null) return { joins: targets, takes: targets }
  const { featureNonZeros, hasEdgeWeight } = graph.shape
  if (ownBytes(plan) <= limits.smallTaskBytes) {
    const kind = [featureNonZeros === null, hasEdgeWeight, ...(plan.variants ?? [])].join(",")
    const graphs = `graphs|${model.contentId}|${kind}`
    return { joins: graphs, takes: graphs }
  }
  return { joins: null, takes: model.config.pooling === null ? targets : null }
}
