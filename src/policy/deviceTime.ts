// A task's claim on the whole device: run time times its share of what can go on at once. Tasks that
// leave each other alone have a lane's part each; one that keeps the memory busy by itself has all. Sums
// of device times say when a set of tasks can be done, whatever runs beside what.
import { slowdown } from "../cost/interference.ts"
import type { InterferenceModel } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"
import type { RunningTask, Snapshot, WaitingTask } from "../model/Snapshot.ts"

/** What a device makes of tasks side by side. */
export interface Concurrency {
  readonly lanes: number
  readonly interference: InterferenceModel
}

export const concurrencyOf = ({ interference, lanesTotal }: Snapshot): Concurrency => ({
  interference,
  lanes: lanesTotal,
})

/** Of so many such tasks side by side, how many times as long each takes, at the best number. */
export const bestCrowd = (
  demand: Demand,
  { interference, lanes }: Concurrency,
): { readonly count: number; readonly slowdown: number } => {
  let best = { count: 1, slowdown: 1 }
  for (let count = 2; count <= lanes; count++) {
    const [each = 1] = slowdown(new Array<Demand>(count).fill(demand), interference)
    if (count / each > best.count / best.slowdown) best = { count, slowdown: each }
  }
  return best
}

/** The part of the device that a task of this demand takes, 1 / lanes to 1. */
export const shareOf = (demand: Demand, concurrency: Concurrency): number => {
  const { count, slowdown } = bestCrowd(demand, concurrency)
  return slowdown / count
}

type Timed = Pick<WaitingTask, "predictedMs" | "demand">

/** Milliseconds of the whole device. */
export const deviceMs = ({ demand, predictedMs }: Timed, concurrency: Concurrency): number =>
  predictedMs * shareOf(demand, concurrency)

/** Milliseconds that a running task still loads, and that it then still needs were it alone. */
export const remainingOf = (
  { loadMs, predictedMs, startedAtMs }: RunningTask,
  nowMs: number,
): { readonly loadMs: number; readonly runMs: number } => {
  const elapsed = nowMs - startedAtMs
  return {
    loadMs: Math.max(0, loadMs - elapsed),
    runMs: Math.max(0, predictedMs - Math.max(0, elapsed - loadMs)),
  }
}

/** Device time that is left of what runs. */
export const runningMs = (
  running: ReadonlyArray<RunningTask>,
  concurrency: Concurrency,
  nowMs: number,
): number =>
  running.reduce(
    (sum, task) => sum + remainingOf(task, nowMs).runMs * shareOf(task.demand, concurrency),
    0,
  )
