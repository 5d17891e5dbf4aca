// What a task asks for, as a key: equal keys, equal answers.
import { createHash } from "node:crypto"
import { limits } from "../model/limits.ts"
import type { LiveTask } from "./LiveTask.ts"

/** null: the task wants a run of its own, or its targets are too many to compare. */
export const workKey = ({ graph, model, spec }: LiveTask): string | null => {
  const { nodes, share = true } = spec
  if (!share || (nodes?.length ?? 0) > limits.maxInlineTargets) return null
  return `${model.contentId}|${graph.contentId}|${nodes === null ? "all" : digestOf(nodes)}`
}

const digestOf = (nodes: ArrayLike<number>): string =>
  createHash("sha256")
    .update(new Uint8Array(Float64Array.from(nodes).buffer))
    .digest("base64")
