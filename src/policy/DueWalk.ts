// What is due, run in thought on the lanes, turn by turn: a task begins on the lane that is free first, or
// at an operator boundary of a run whose turn is later, which then goes on in its own turn, as a run does
// that is stopped. Each is slowed by those it really runs beside, for as long as it does. Ends
// come with their variance: of many tasks in a row some take longer and some less, and a margin for each
// would add up to one that nobody needs.
import { slowdownInto } from "../cost/interference.ts"
import type { Demand } from "../model/Plan.ts"
import { bestCrowd, type Concurrency, meanDemand } from "./concurrency.ts"
import type { Promised } from "./PromiseLine.ts"
import { chanceLate, surely } from "./sureness.ts"
import type { Underway } from "./underway.ts"

export interface Walked {
  /** With chance. */
  readonly ends: ReadonlyArray<number>
  /** Of each, that it comes after its deadline. */
  readonly chances: ReadonlyArray<number>
  /** The same of each run. */
  readonly runChances: ReadonlyMap<Underway, number>
  /** By the deadlines of the tasks and the runs, how many are to be expected late. */
  readonly expectedLate: number
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
}

export const walkByDue = (order: ReadonlyArray<Promised>, options: WalkOptions): Walked =>
  new DueWalk(order, options).walk()

/** In line: a task, or what is left of a run that gave its lane. */
interface Turn {
  /** Of the task; null: a run. */
  readonly place: number | null
  /** Null: a task. */
  readonly run: Underway | null
  readonly demand: Demand
  readonly turnAtMs: number
  /** Alone, as what it varies by. */
  readonly runMs: number
  readonly variance: number
}

/** What has its turn on a lane. */
interface Stay extends Turn {
  readonly beganVariance: number
  /** Where it may give its lane; null where it keeps it. */
  readonly boundary: { readonly restMs: number; readonly variance: number } | null
  /** Alone. */
  leftMs: number
}

interface Lane {
  stay: Stay | null
  /** How many times as long as alone the stay takes now. */
  slowdown: number
  /** At its boundary. */
  gives: boolean
  /** When it is left. */
  freeAtMs: number
  variance: number
}

class DueWalk {
  readonly #order: ReadonlyArray<Promised>
  readonly #interference: Concurrency["interference"]
  /** As many as serve such tasks best; where more run, they end, and nobody follows. */
  readonly #count: number
  readonly #lanes: ReadonlyArray<Lane>
  /** Of stopped runs, in the order of their turns. */
  readonly #rests: Array<Turn> = []
  readonly #ends: Array<number> = []
  readonly #chances: Array<number> = []
  readonly #stops = new Map<string, number>()
  readonly #runChances = new Map<Underway, number>()
  readonly #startMs: number
  /** Of those side by side. */
  readonly #demands: Array<Demand> = []
  readonly #slowdowns: Array<number> = []
  /** Of the task whose turn is next. */
  #place = 0
  /** The latest turn that tasks have had. */
  #turnMs = Number.NEGATIVE_INFINITY
  #nowMs: number
  #busy: number
  /** Whose turn is next, where it was asked for. */
  #known: Turn | null | undefined

  constructor(order: ReadonlyArray<Promised>, { concurrency, nowMs, runs }: WalkOptions) {
    const { interference } = concurrency
    const lanes = Math.min(concurrency.lanes, order.length + runs.length)
    const all = [...order, ...runs.map((run) => ({ ...run, runMs: run.endsAtMs - nowMs }))]
    this.#count = bestCrowd(meanDemand(all), { interference, lanes }).count
    this.#interference = interference
    this.#order = order
    this.#startMs = nowMs
    this.#nowMs = nowMs
    this.#busy = runs.length
    this.#lanes = Array.from({ length: Math.max(this.#count, runs.length) }, (_, at): Lane => {
      const stay = at < runs.length ? stayOf(runs[at]!, nowMs) : null
      return { stay, slowdown: 1, gives: false, freeAtMs: nowMs, variance: 0 }
    })
  }

  walk(): Walked {
    for (const lane of this.#lanes) if (lane.stay === null) this.#begin(lane)
    for (;;) {
      const lane = this.#first()
      if (lane === null) break
      this.#advance(lane.freeAtMs)
      this.#leave(lane)
      this.#begin(lane)
    }
    const [lanes, start] = [this.#lanes, this.#startMs]
    return {
      ends: this.#ends,
      chances: this.#chances,
      runChances: this.#runChances,
      expectedLate: sumOf([...this.#chances, ...this.#runChances.values()]),
      stops: this.#stops,
      freeAtMs: start + sumOf(lanes.map(({ freeAtMs }) => freeAtMs - start)) / this.#count,
      variance: sumOf(lanes.map(({ variance }) => variance)) / this.#count ** 2,
    }
  }

  /** Whose turn is next, or null. */
  get #next(): Turn | null {
    if (this.#known === undefined) this.#known = this.#find()
    return this.#known
  }

  #find(): Turn | null {
    const task = this.#order[this.#place]
    const rest = this.#rests[0] ?? null
    if (task === undefined) return rest
    const turnAtMs = Math.max(this.#turnMs, task.turnAtMs)
    if (rest !== null && rest.turnAtMs <= turnAtMs) return rest
    const { demand, deviationMs, runMs } = task
    const variance = deviationMs ** 2
    const place = this.#place
    return { place, run: null, demand, turnAtMs, runMs, variance }
  }

  /** The lane that is surely free before the others; null when nothing runs any more. */
  #first(): Lane | null {
    this.#slow()
    const next = this.#busy > this.#count ? null : this.#next
    let first: Lane | null = null
    let firstMs = Number.POSITIVE_INFINITY
    for (const lane of this.#lanes) {
      const { slowdown: each, stay } = lane
      if (stay === null) continue
      const restMs = stay.boundary?.restMs ?? Number.POSITIVE_INFINITY
      const isAsked =
        stay.run?.isStopping === true || (next !== null && next.turnAtMs < stay.turnAtMs)
      lane.gives = isAsked && stay.leftMs >= restMs
      lane.freeAtMs = this.#nowMs + (lane.gives ? stay.leftMs - restMs : stay.leftMs) * each
      // Surely is later still.
      if (lane.freeAtMs >= firstMs) continue
      lane.variance = varianceOf(stay, lane)
      const surelyMs = surely(lane.freeAtMs, lane.variance)
      if (surelyMs >= firstMs) continue
      firstMs = surelyMs
      first = lane
    }
    return first
  }

  /** By who runs side by side. */
  #slow(): void {
    const demands = this.#demands
    demands.length = 0
    for (const { stay } of this.#lanes) if (stay !== null) demands.push(stay.demand)
    const each = slowdownInto(this.#slowdowns, demands, this.#interference)
    let at = 0
    for (const lane of this.#lanes) if (lane.stay !== null) lane.slowdown = each[at++]!
  }

  #advance(toMs: number): void {
    if (toMs <= this.#nowMs) return
    for (const { gives, slowdown: each, stay } of this.#lanes) {
      if (stay === null) continue
      stay.leftMs -= (toMs - this.#nowMs) / each
      // What gives its lane goes no further.
      if (gives) stay.leftMs = Math.max(stay.leftMs, stay.boundary!.restMs)
    }
    this.#nowMs = toMs
  }

  #leave({ freeAtMs, gives, stay, variance }: Lane): void {
    const { place, run } = stay!
    this.#busy--
    if (gives) this.#stop(stay!)
    else if (place !== null) {
      this.#ends[place] = surely(freeAtMs, variance)
      this.#chances[place] = chanceLate(this.#order[place]!.dueAtMs, freeAtMs, variance)
    } else this.#runChances.set(run!, chanceLate(run!.dueAtMs, freeAtMs, variance))
  }

  /** What is left of it stands in line. */
  #stop({ boundary, demand, run, turnAtMs, variance: whole }: Stay): void {
    const { restMs: runMs, variance: before } = boundary!
    const next = this.#next
    if (next !== null && next.place !== null) this.#stops.set(run!.id, next.place)
    const variance = Math.max(0, whole - before)
    const rest = { place: null, run, demand, turnAtMs, runMs, variance }
    const behind = this.#rests.findIndex((other) => other.turnAtMs > turnAtMs)
    this.#rests.splice(behind < 0 ? this.#rests.length : behind, 0, rest)
    this.#known = undefined
  }

  /** Whose turn is next begins on a lane that is free; nobody where enough are busy. */
  #begin(lane: Lane): void {
    const next = this.#busy < this.#count ? this.#next : null
    lane.stay = null
    lane.gives = false
    if (next === null) return
    this.#known = undefined
    if (next.run !== null) this.#rests.shift()
    else {
      this.#place++
      this.#turnMs = next.turnAtMs
    }
    lane.stay = begun(next, lane.variance)
    this.#busy++
  }
}

/** One shape for all that runs: a walk makes many, and a spread is slow. */
const begun = (turn: Turn, beganVariance: number): Stay => {
  const { demand, place, run, runMs, turnAtMs, variance } = turn
  const boundary = null
  const leftMs = runMs
  return { place, run, demand, turnAtMs, beganVariance, runMs, leftMs, variance, boundary }
}

/** A run under way, from now on. */
const stayOf = (run: Underway, nowMs: number): Stay => {
  const { boundaryAtMs, boundaryVariance, demand, endVariance, endsAtMs, slowdown, turnAtMs } = run
  const leftMs = (endsAtMs - nowMs) / slowdown
  const alone = slowdown ** 2
  const boundary =
    boundaryAtMs === null
      ? null
      : { restMs: (endsAtMs - boundaryAtMs) / slowdown, variance: boundaryVariance / alone }
  const [place, beganVariance] = [null, 0]
  const runMs = leftMs
  const variance = endVariance / alone
  return { place, run, demand, turnAtMs, beganVariance, runMs, leftMs, variance, boundary }
}

/** Of the moment in which the lane is left: what is slowed varies by as much more. */
const varianceOf = (stay: Stay, { gives, slowdown: each }: Lane): number =>
  stay.beganVariance + (gives ? stay.boundary!.variance : stay.variance) * each ** 2

const sumOf = (all: ReadonlyArray<number>): number => all.reduce((sum, each) => sum + each, 0)
