// PRIORITY with ageing: tasks by priority + waitedMs / priorityStepMs, the highest first.
//
// The bound: all tasks age at the same rate, so their order is that of the constant
// submittedAtMs - priority * priorityStepMs. A task is therefore overtaken by no task that is d
// priorities above it and arrives d * priorityStepMs after it or later, and never starves.
import type { Policy } from "../model/Snapshot.ts"
import type { TaskOrder } from "../model/WaitingTasks.ts"
import { elasticAt, fillGroup } from "./fillGroup.ts"

/** Waiting that raises a task by one priority. */
export const priorityStepMs = 1000

/** The key at every moment, up to a term that is the same for all. */
export const byAgedPriority: TaskOrder = {
  key: ({ priority, submittedAtMs }) => submittedAtMs - priority * priorityStepMs,
}

export const priority: Policy = (snapshot, nowMs) =>
  fillGroup(snapshot.waiting.ordered(byAgedPriority), snapshot, elasticAt(nowMs))
