// From the last layer's rows to the task's result: a readout per graph or the target rows, then
// the log-softmax, in place.
import type { DenseMatrix, PlanDraft } from "./PlanDraft.ts"

/** A graph without `batch` is one graph: offsets [0, N]. A larger `batchSize` adds empty ones. */
const readout = (draft: PlanDraft, x: DenseMatrix, reduce: "sum" | "mean" | "max"): DenseMatrix => {
  const found = draft.request.shape.numGraphs ?? 1
  const graphs = Math.max(found, draft.request.config.batchSize)
  const role = graphs === found ? "graph.graphOffsets" : (`graph.graphOffsets@${graphs}` as const)
  const graphOffsets = draft.resident(role, (graphs + 1) * 4)
  const out = draft.matrix("readout", graphs, x.cols)
  const { rows: m, cols: n } = x
  const name = "readout"
  draft.push({ kind: "readout", name, graphs, m, n, reduce, graphOffsets, x: x.at, y: out.at })
  return out
}

const gather = (draft: PlanDraft, x: DenseMatrix, count: number): DenseMatrix => {
  const rows = draft.resident("task.targets", count * 4)
  const out = draft.matrix("targets", count, x.cols)
  const { rows: m, cols: n } = x
  draft.push({ kind: "gather", name: "targets", count, m, n, rows, x: x.at, y: out.at })
  return out
}

export const lowerOutput = (draft: PlanDraft, x: DenseMatrix): DenseMatrix => {
  const { config, targets } = draft.request
  let out = x
  if (config.pooling !== null) out = readout(draft, out, config.pooling)
  if (targets !== null) out = gather(draft, out, targets)
  if (!config.logSoftmax) return out
  const { rows: m, cols: n, at } = out
  draft.push({ kind: "logSoftmax", name: "logSoftmax", m, n, x: at, y: at })
  return out
}
