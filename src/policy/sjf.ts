// SJF, shortest job first with ageing: tasks by predictedMs - sjfAgeing * waitedMs, the least first.
//
// The bound: all tasks age at the same rate, so their order is that of the constant
// predictedMs + sjfAgeing * submittedAtMs. A task of p milliseconds is therefore overtaken by no task
// that arrives p / sjfAgeing milliseconds after it or later, and never starves.
import type { Policy } from "../model/Snapshot.ts"
import type { TaskOrder } from "../model/WaitingTasks.ts"
import { elasticAt, fillGroup } from "./fillGroup.ts"

/** Predicted milliseconds that one millisecond of waiting is worth: 100 ms of work give way for 5 s. */
export const sjfAgeing = 0.02

/** The key at every moment, up to a term that is the same for all. */
export const byAgedTime: TaskOrder = {
  key: ({ predictedMs, submittedAtMs }) => predictedMs + sjfAgeing * submittedAtMs,
}

export const sjf: Policy = (snapshot, nowMs) =>
  fillGroup(snapshot.waiting.ordered(byAgedTime), snapshot, elasticAt(nowMs))
