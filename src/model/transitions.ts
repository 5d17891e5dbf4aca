// The only moves a task may make. Terminal states have none: a task ends exactly once.
import type { TaskState } from "./Task.ts"

const moves: Readonly<Record<TaskState, ReadonlyArray<TaskState>>> = {
  queued: ["preparing", "rejected", "cancelled", "expired", "failed"],
  preparing: ["ready", "queued", "rejected", "failed", "cancelled", "expired"],
  ready: ["running", "failed", "cancelled", "expired"],
  running: ["completed", "ready", "queued", "failed", "cancelled"],
  completed: [],
  failed: [],
  cancelled: [],
  rejected: [],
  expired: [],
}

export const mayMove = (from: TaskState, to: TaskState): boolean => moves[from].includes(to)
