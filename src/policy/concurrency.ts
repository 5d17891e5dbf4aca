// What a device makes of tasks side by side, and what is left of those that run.
import { slowdown } from "../cost/interference.ts"
import type { InterferenceModel } from "../model/Interference.ts"
import { type Demand, noDemand } from "../model/Plan.ts"
import type { RunningTask, Snapshot } from "../model/Snapshot.ts"

/** What a device makes of tasks side by side. */
export interface Concurrency {
  readonly lanes: number
  readonly interference: InterferenceModel
}

export const concurrencyOf = ({ interference, lanesTotal }: Snapshot): Concurrency => ({
  interference,
  lanes: lanesTotal,
})

/** Mean demand, each task by its length. */
export const meanDemand = (
  tasks: ReadonlyArray<{ readonly demand: Demand; readonly runMs: number }>,
): Demand => {
  let [bandwidth, compute, work] = [0, 0, 0]
  for (const { demand, runMs } of tasks) {
    bandwidth += demand.bandwidth * runMs
    compute += demand.compute * runMs
    work += runMs
  }
  return work === 0 ? noDemand : { bandwidth: bandwidth / work, compute: compute / work }
}

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
