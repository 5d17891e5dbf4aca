// Whom a run takes along: no more than its bounds allow, and nobody who makes another late that would
// else be in time.
import { limits } from "../model/limits.ts"
import type { LiveTask, Party } from "./LiveTask.ts"

export interface CompanyBounds {
  readonly sizeOf: (task: LiveTask) => number
  /** Of all together. */
  readonly maxSize: number
  /** Each makes the run as much longer as it would take alone; else none does. */
  readonly addsTime: boolean
  readonly nowMs: number
}

/** When the answer must be there, of a task that can still be in time. */
const dueAtMs = ({ prepared, spec, submittedAtMs }: LiveTask, nowMs: number): number => {
  if (spec.deadlineMs === null) return Number.POSITIVE_INFINITY
  const due = submittedAtMs + spec.deadlineMs
  return nowMs + prepared!.waiting.predictedP95Ms <= due ? due : Number.POSITIVE_INFINITY
}

export const companyOf = (
  { leader, same }: Party,
  others: Iterable<LiveTask>,
  { addsTime, maxSize, nowMs, sizeOf }: CompanyBounds,
): ReadonlyArray<LiveTask> => {
  const company: Array<LiveTask> = []
  const most = limits.sharedTasks - 1 - same.length
  let size = sizeOf(leader)
  let ms = leader.prepared!.waiting.predictedP95Ms
  let due = Math.min(...[leader, ...same].map((task) => dueAtMs(task, nowMs)))
  for (const task of others) {
    size += sizeOf(task)
    if (company.length >= most || size > maxSize) break
    const longer = addsTime ? ms + task.prepared!.waiting.predictedP95Ms : ms
    if (addsTime && longer > limits.mergedMs) break
    const soonest = Math.min(due, dueAtMs(task, nowMs))
    if (nowMs + longer > soonest) continue
    company.push(task)
    ms = longer
    due = soonest
  }
  return company
}
