// The waiting tasks whose targets can still be met, as what is due.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { byDue, dueAtMs as dueAtMsOf } from "./edf.ts"
import type { Promised } from "./PromiseLine.ts"
import { deviationOf } from "./sureness.ts"

/** One that waits with a target that can still be met. */
export interface Due extends Promised {
  readonly task: WaitingTask
}

/** In the order of their deadlines, with what each must load. */
export const dueTasks = (snapshot: Snapshot, nowMs: number, atMost: number): ReadonlyArray<Due> => {
  const { loadBytesPerMs, memory, waiting } = snapshot
  const due: Array<Due> = []
  for (const task of waiting.inTime(nowMs).ordered(byDue)) {
    const dueAtMs = dueAtMsOf(task)
    if (due.length === atMost || dueAtMs === Number.POSITIVE_INFINITY) break
    let missing = 0
    for (const { bytes, key } of task.residents) if (!memory.residents.has(key)) missing += bytes
    const { demand, predictedMs, predictedP95Ms, seq } = task
    const runMs = missing / loadBytesPerMs + predictedMs
    const deviationMs = deviationOf(predictedMs, predictedP95Ms)
    if (nowMs + runMs <= dueAtMs) due.push({ task, dueAtMs, seq, runMs, deviationMs, demand })
  }
  return due
}
