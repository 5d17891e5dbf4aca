// The waiting tasks whose targets can still be met, as what is due.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { byTurn, dueAtMs as dueAtMsOf, turnAtMs as turnAtMsOf } from "./edf.ts"
import { loadMs } from "./loadMs.ts"
import type { Promised } from "./PromiseLine.ts"
import { deviationOf } from "./sureness.ts"

/** One that waits with a target that can still be met. */
export interface Due extends Promised {
  readonly task: WaitingTask
}

/** Turn by turn, with what each must load and what a run costs. */
export const dueTasks = (snapshot: Snapshot, nowMs: number, atMost: number): ReadonlyArray<Due> => {
  const { overheadMs = 0, waiting } = snapshot
  const due: Array<Due> = []
  /** Tasks of one kind share their list of residents. */
  const loads = new Map<WaitingTask["residents"], number>()
  const order = waiting.inTime(nowMs).ordered(byTurn).reader()
  while (due.length < atMost) {
    const task = order.read()
    if (task === undefined) break
    const dueAtMs = dueAtMsOf(task)
    const { demand, predictedMs, predictedP95Ms, residents, seq } = task
    const load = loads.get(residents) ?? loadMs(residents, snapshot)
    loads.set(residents, load)
    const runMs = load + predictedMs + overheadMs
    const deviationMs = deviationOf(predictedMs, predictedP95Ms)
    if (nowMs + runMs > dueAtMs) continue
    due.push({ task, dueAtMs, turnAtMs: turnAtMsOf(task), seq, runMs, deviationMs, demand })
  }
  return due
}
