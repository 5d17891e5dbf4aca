// What is due, run in thought on the lanes, in the order of deadlines: a task begins on the lane that is free
// first, or at an operator boundary of a run that is due later, which then goes on in its own turn, as a
// run does that is stopped. Ends come with their variance: of many tasks in a row some take longer and
// some less, and a margin for each would add up to one that nobody needs.
import { slowdown } from "../cost/interference.ts"
import type { Demand } from "../model/Plan.ts"
import { bestCrowd, type Concurrency, meanDemand } from "./concurrency.ts"
import type { Promised } from "./PromiseLine.ts"
import { chanceLate, surely, sureness } from "./sureness.ts"
import type { Underway } from "./underway.ts"

interface Lane {
  freeAtMs: number
  variance: number
  /** What runs there and may still be stopped, or be left to its end. */
  run: Underway | null
}

export interface Walked {
  /** With chance. */
  readonly ends: ReadonlyArray<number>
  /** Of each, that it comes after its deadline. */
  readonly chances: ReadonlyArray<number>
  /** By the deadlines of the tasks and the stopped runs, how many are to be expected late. */
  readonly expectedLate: number
  /** Runs that end late since they gave their lane. */
  readonly brokenRuns: ReadonlyArray<Underway>
  /** By the run that gives its lane, the place of the task that takes it. */
  readonly stops: ReadonlyMap<string, number>
  /** When the lanes together are free. */
  readonly freeAtMs: number
  readonly variance: number
}

export interface WalkOptions {
  readonly runs: ReadonlyArray<Underway>
  readonly concurrency: Concurrency
  readonly nowMs: number
  /** Standard deviations that an end is put off by. */
  readonly deviations?: number
}

export const walkByDue = (order: ReadonlyArray<Promised>, options: WalkOptions): Walked =>
  new DueWalk(order, options).walk()

class DueWalk {
  readonly #order: ReadonlyArray<Promised>
  readonly #runs: ReadonlyArray<Underway>
  readonly #nowMs: number
  /** The others as they are on the average, beside whom each task runs. */
  readonly #others: ReadonlyArray<Demand>
  readonly #interference: Concurrency["interference"]
  /** Tasks of one kind share their demand. */
  readonly #slowdowns = new Map<Demand, number>()
  readonly #lanes: ReadonlyArray<Lane>
  /** Runs that gave their lane, with what is left of them. */
  readonly #stopped = new Map<Underway, { readonly leftMs: number; readonly variance: number }>()
  readonly #brokenRuns: Array<Underway> = []
  #stoppedLate = 0
  readonly #stops = new Map<string, number>()
  readonly #deviations: number
  constructor(
    order: ReadonlyArray<Promised>,
    { concurrency, deviations = sureness, nowMs, runs }: WalkOptions,
  ) {
    this.#deviations = deviations
    const { interference } = concurrency
    const lanes = Math.min(concurrency.lanes, order.length + runs.length)
    const all = [...order, ...runs.map((run) => ({ ...run, runMs: run.endsAtMs - nowMs }))]
    const mean = meanDemand(all)
    const crowd = bestCrowd(mean, { interference, lanes })
    this.#others = new Array<Demand>(crowd.count - 1).fill(mean)
    this.#interference = interference
    this.#order = order
    this.#nowMs = nowMs
    this.#runs = runs.toSorted((a, b) => a.dueAtMs - b.dueAtMs)
    this.#lanes = this.#busy(crowd.count)
  }

  /** Runs beyond the lanes that are reckoned with follow the others. */
  #busy(count: number): ReadonlyArray<Lane> {
    const lanes: Array<Lane> = []
    for (const run of this.#runs) {
      if (lanes.length < count) {
        const lane = { freeAtMs: this.#nowMs, variance: 0, run }
        lanes.push(lane)
        if (run.isStopping) this.#stop(lane)
      } else {
        const lane = this.#first(lanes)
        if (lane.run !== null) this.#finish(lane)
        lane.freeAtMs += this.#later(run.endsAtMs, run) - this.#nowMs
        lane.variance += run.endVariance
      }
    }
    while (lanes.length < count) lanes.push({ freeAtMs: this.#nowMs, variance: 0, run: null })
    return lanes
  }

  walk(): Walked {
    let nextRun = 0
    const chances: Array<number> = []
    const ends = this.#order.map((task, at) => {
      while (nextRun < this.#runs.length && this.#runs[nextRun]!.dueAtMs <= task.dueAtMs) {
        this.#takeTurn(this.#runs[nextRun++]!)
      }
      const { demand, deviationMs, runMs } = task
      const each = this.#slowdownOf(demand)
      const stay = [runMs * each, (deviationMs * each) ** 2] as const
      const { freeAtMs, variance } = this.#take(at, ...stay)
      chances.push(chanceLate(task.dueAtMs, freeAtMs, variance))
      return this.#surely(freeAtMs, variance)
    })
    while (nextRun < this.#runs.length) this.#takeTurn(this.#runs[nextRun++]!)
    const lanes = this.#lanes.length
    const sum = (of: (lane: Lane) => number) => this.#lanes.reduce((all, lane) => all + of(lane), 0)
    return {
      ends,
      chances,
      expectedLate: chances.reduce((all, chance) => all + chance, this.#stoppedLate),
      brokenRuns: this.#brokenRuns,
      stops: this.#stops,
      freeAtMs: sum(({ freeAtMs }) => freeAtMs) / lanes,
      variance: sum(({ variance }) => variance) / lanes ** 2,
    }
  }

  /** On the lane that is free first, which is free again at its end. `at`: the task's place; null: a run. */
  #take(at: number | null, stayMs: number, variance: number): Readonly<Lane> {
    const lane = this.#first(this.#lanes)
    if (lane.run !== null) {
      if (lane.run.boundaryAtMs !== null && at !== null) this.#stops.set(lane.run.id, at)
      this.#stop(lane)
    }
    lane.freeAtMs += stayMs
    lane.variance += variance
    return lane
  }

  /** A run's own turn: it goes on, where it is or, if it was stopped, on the first free lane. */
  #takeTurn(run: Underway): void {
    const stopped = this.#stopped.get(run)
    const lane = this.#lanes.find((each) => each.run === run)
    if (lane !== undefined) this.#finish(lane)
    if (stopped === undefined) return
    const { freeAtMs, variance } = this.#take(null, stopped.leftMs, stopped.variance)
    this.#stoppedLate += chanceLate(run.dueAtMs, freeAtMs, variance)
    // Surely in time, however bold the rest: a target is never put at risk for another.
    const isLate = surely(freeAtMs, variance) > run.dueAtMs
    if (isLate && run.endsAtMs <= run.dueAtMs) this.#brokenRuns.push(run)
  }

  #first(lanes: ReadonlyArray<Lane>): Lane {
    let first = lanes[0]!
    for (const lane of lanes) if (this.#freeAt(lane) < this.#freeAt(first)) first = lane
    return first
  }

  #freeAt({ freeAtMs, run, variance }: Lane): number {
    if (run === null) return this.#surely(freeAtMs, variance)
    return run.boundaryAtMs === null
      ? this.#surely(this.#later(run.endsAtMs, run), run.endVariance)
      : this.#surely(this.#later(run.boundaryAtMs, run), run.boundaryVariance)
  }

  #slowdownOf(demand: Demand): number {
    const known = this.#slowdowns.get(demand)
    if (known !== undefined) return known
    const each = slowdown([demand, ...this.#others], this.#interference)[0]!
    this.#slowdowns.set(demand, each)
    return each
  }

  #surely(atMs: number, variance: number): number {
    return surely(atMs, variance, this.#deviations)
  }

  /** Company slows what runs, where it had less until now. */
  #later(atMs: number, run: Underway): number {
    return (
      this.#nowMs +
      ((atMs - this.#nowMs) * Math.max(this.#slowdownOf(run.demand), run.slowdown)) / run.slowdown
    )
  }

  #finish(lane: Lane): void {
    const run = lane.run!
    lane.run = null
    lane.freeAtMs = this.#later(run.endsAtMs, run)
    lane.variance = run.endVariance
  }

  #stop(lane: Lane): void {
    const run = lane.run!
    if (run.boundaryAtMs === null) {
      this.#finish(lane)
      return
    }
    lane.run = null
    lane.freeAtMs = this.#later(run.boundaryAtMs, run)
    lane.variance = run.boundaryVariance
    const leftMs = this.#later(run.endsAtMs, run) - lane.freeAtMs
    this.#stopped.set(run, { leftMs, variance: run.endVariance })
  }
}
