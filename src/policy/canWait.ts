// Whether the task for which a lane was given back may let others go by.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { dueAtMs } from "./edf.ts"
import { loadMs } from "./loadMs.ts"

/** Beside others a run takes up to so many times its p95 alone. */
const company = 1.5

/** True where it is in time all the same when `others` start now, side by side, and it follows the last. */
export const canWait = (
  task: WaitingTask,
  others: ReadonlyArray<WaitingTask>,
  snapshot: Snapshot,
  nowMs: number,
): boolean => {
  const loads = [task, ...others].reduce((ms, one) => ms + loadMs(one.residents, snapshot), 0)
  const longestMs = Math.max(...others.map(({ predictedP95Ms }) => predictedP95Ms))
  return nowMs + loads + company * (longestMs + task.predictedP95Ms) <= dueAtMs(task)
}
