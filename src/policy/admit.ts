// Whether a deadline can be promised. The promises that were given are run, in thought, in the order of
// their deadlines on as many lanes as serve their demands best, each as slow as so many make it; the newcomer takes its
// place among them. It is promised when it ends in time and nobody who would else be in time ends late.
import { type Demand, noDemand } from "../model/Plan.ts"
import { bestCrowd, type Concurrency } from "./deviceTime.ts"

export interface Promised {
  readonly dueAtMs: number
  /** Median of the run time alone. */
  readonly runMs: number
  readonly demand: Demand
}

export interface Load {
  /** Promises that have not begun, by deadline. */
  readonly promises: ReadonlyArray<Promised>
  /** Of each run under way: when it is predicted to end. */
  readonly runningUntilMs: ReadonlyArray<number>
  readonly concurrency: Concurrency
  readonly nowMs: number
}

/** Mean demand, each task by its length. */
const meanDemand = (tasks: ReadonlyArray<Promised>): Demand => {
  let [bandwidth, compute, work] = [0, 0, 0]
  for (const { demand, runMs } of tasks) {
    bandwidth += demand.bandwidth * runMs
    compute += demand.compute * runMs
    work += runMs
  }
  return work === 0 ? noDemand : { bandwidth: bandwidth / work, compute: compute / work }
}

/** When each lane is free of what runs: the runs beyond `count` lanes follow the others. */
const freeTimes = ({ nowMs, runningUntilMs }: Load, count: number): Array<number> => {
  const free = new Array<number>(count).fill(nowMs)
  for (const untilMs of runningUntilMs.toSorted((a, b) => a - b)) {
    const at = free.indexOf(Math.min(...free))
    free[at] = Math.max(nowMs, free[at]! + Math.max(0, untilMs - nowMs))
  }
  return free
}

/** The end of each task, in order, each on the lane that is free first. */
const endsOf = (
  tasks: ReadonlyArray<Promised>,
  free: Array<number>,
  slowdown: number,
): ReadonlyArray<number> =>
  tasks.map(({ runMs }) => {
    const first = Math.min(...free)
    free[free.indexOf(first)] = first + runMs * slowdown
    return first + runMs * slowdown
  })

/**
 * The earliest end that can be promised to `task`, or that there is room for it at all: after every
 * promise that its coming earlier would break. `task.dueAtMs` does not count. In milliseconds of the
 * load's clock. Time O(p n) for n promises of which the newcomer would break p.
 */
export const earliestFinishMs = (task: Promised, load: Load): number => {
  const { concurrency, promises } = load
  const { count, slowdown } = bestCrowd(meanDemand([...promises, task]), concurrency)
  const without = endsOf(promises, freeTimes(load, count), slowdown)
  // Behind those whose own deadline comes first, as it would stand in line with its own.
  let place = 0
  for (;;) {
    const order = [...promises.slice(0, place), task, ...promises.slice(place)]
    const ends = endsOf(order, freeTimes(load, count), slowdown)
    let broken = -1
    for (let at = place; at < promises.length; at++) {
      const { dueAtMs } = promises[at]!
      if (ends[at + 1]! > dueAtMs && without[at]! <= dueAtMs) broken = at
    }
    if (broken < 0) return ends[place]!
    place = broken + 1
  }
}
