// A task's claim on the whole device: run time times the share of the bottleneck it keeps busy. One
// task of share 1 leaves nothing to others; four of share 1/4 run side by side as fast as alone. Sums
// of device times say when a set of tasks can be done, whatever runs beside what.
import type { Demand } from "../model/Plan.ts"
import { noDemand } from "../model/Plan.ts"
import type { RunningTask, WaitingTask } from "../model/Snapshot.ts"

/** Of what the device has, at least a lane's part: a lane runs one task at a time. */
export const shareOf = ({ bandwidth, compute }: Demand, lanes: number): number =>
  Math.min(1, Math.max(bandwidth, compute, 1 / Math.max(1, lanes)))

type Timed = Pick<WaitingTask, "predictedMs" | "demand">

/** Milliseconds of the whole device. */
export const deviceMs = ({ demand = noDemand, predictedMs }: Timed, lanes: number): number =>
  predictedMs * shareOf(demand, lanes)

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
  lanes: number,
  nowMs: number,
): number =>
  running.reduce(
    (sum, task) => sum + remainingOf(task, nowMs).runMs * shareOf(task.demand ?? noDemand, lanes),
    0,
  )
