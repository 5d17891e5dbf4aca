// Tasks in line for the lanes, in thought: each begins on the lane that is free first. There are as many
// lanes as serve such tasks best, and each task takes as long as so many side by side make it take.
import { slowdown } from "../cost/interference.ts"
import type { Demand } from "../model/Plan.ts"
import { bestCrowd, type Concurrency, meanDemand } from "./concurrency.ts"

export interface TimedTask {
  /** Alone. */
  readonly runMs: number
  readonly demand: Demand
}

/** A run under way. */
export interface Underway extends TimedTask {
  readonly startedAtMs: number
}

export interface Busy {
  readonly running: ReadonlyArray<Underway>
  readonly nowMs: number
}

export class LaneLine {
  readonly #slowdown: number
  /** When each lane is free of what runs. */
  readonly #free: ReadonlyArray<number>

  /** `tasks`: those that will stand in line, for what they make of each other. */
  constructor(tasks: ReadonlyArray<TimedTask>, { nowMs, running }: Busy, concurrency: Concurrency) {
    const { count, slowdown: each } = bestCrowd(meanDemand(tasks), concurrency)
    this.#slowdown = each
    const now = slowdown(
      running.map(({ demand }) => demand),
      concurrency.interference,
    )
    const until = running.map(({ runMs, startedAtMs }, i) => startedAtMs + runMs * now[i]!)
    const free = new Array<number>(count).fill(nowMs)
    // Runs beyond the lanes that are reckoned with follow the others.
    for (const untilMs of until.sort((a, b) => a - b)) {
      const at = free.indexOf(Math.min(...free))
      free[at] = free[at]! + Math.max(0, untilMs - nowMs)
    }
    this.#free = free
  }

  /** The end of each task, in order. */
  endsOf(tasks: ReadonlyArray<TimedTask>): ReadonlyArray<number> {
    return tasks.map(this.place())
  }

  /** Puts one task after the other in line, from the head on, and says when it ends. */
  place(): (task: TimedTask) => number {
    const free = this.#free.slice()
    return ({ runMs }) => {
      let first = 0
      for (let lane = 1; lane < free.length; lane++) if (free[lane]! < free[first]!) first = lane
      free[first] = free[first]! + runMs * this.#slowdown
      return free[first]!
    }
  }
}
