// What waits and runs, played to its end in thought: lanes, bytes, the link on which residents are loaded
// one after the other, runs that slow each other by their demands. A play follows a course, an order of
// the tasks and how much company each accepts, and says what came of it and what it began with.
import type { PoolFreeList } from "../cost/poolFreeList.ts"
import type { WaitingTask } from "../model/Snapshot.ts"
import { type FactsOptions, PlayFacts, toleranceMs } from "./PlayFacts.ts"
import { mostSideBySide } from "./SideBySide.ts"

/** An order of the waiting tasks, by their places in `PlayOut.tasks`. */
export type PlayOrder = ReadonlyArray<number>

export interface Course {
  readonly order: PlayOrder
  /**
   * By place: a task starts only where it makes no more than so many side by side; 0: only where all
   * together then do more work in the same time.
   */
  readonly atMost: ReadonlyArray<number>
}

export interface Played {
  /** What starts now, in order. */
  readonly first: ReadonlyArray<number>
  /** Those that miss their target, or leave too little to spare, in the order of their ends. */
  readonly late: ReadonlyArray<number>
  /** Weight of the targets that are missed. */
  readonly lateWeight: number
  /** Sum of weight times milliseconds from now to the end; a target put at risk counts as so much more. */
  readonly weightedMs: number
  /** What of it stands for targets at risk. */
  readonly riskMs: number
  /** Their bits are set who waited with a lane free because their company would not have paid. */
  readonly refused: number
}

export interface PlayOptions extends FactsOptions {
  /** With those that run `mostInPlay` at most. */
  readonly tasks: ReadonlyArray<WaitingTask>
  /** Tasks that find no room now, by their places: not before something has ended. */
  readonly roomless: ReadonlySet<number>
}

export const isBetter = (a: Played, b: Played): boolean =>
  a.lateWeight === b.lateWeight ? a.weightedMs < b.weightedMs : a.lateWeight < b.lateWeight

/** Tasks that wait or run. */
export const mostInPlay = mostSideBySide

/** What sums in another order may differ by: a bound beats only by more. */
const rounding = 1e-9
const roundingMs = 1e-6

const nobody: ReadonlyArray<number> = []

/** What follows `at` moves up by one: there are `left` then. Faster than `copyWithin` for so few. */
const leave = (list: Int32Array | Float64Array, at: number, left: number): void => {
  for (let i = at; i < left; i++) list[i] = list[i + 1]!
}

export class PlayOut {
  readonly tasks: ReadonlyArray<WaitingTask>
  readonly #lanes: number
  readonly #nowMs: number
  readonly #roomless: ReadonlySet<number>
  readonly #facts: PlayFacts
  // What a play works on, made once: there are hundreds of them in a decision.
  readonly #loadedAt: Float64Array
  readonly #offsets: Float64Array
  readonly #pending: Int32Array
  readonly #running: Int32Array
  readonly #beginsMs: Float64Array
  readonly #restMs: Float64Array

  constructor({ roomless, ...options }: PlayOptions) {
    const { nowMs, snapshot, tasks } = options
    const facts = new PlayFacts(options)
    this.tasks = tasks
    this.#lanes = snapshot.lanesTotal
    this.#nowMs = nowMs
    this.#roomless = roomless
    this.#facts = facts
    const places = facts.weights.length
    this.#loadedAt = new Float64Array(facts.onTheWay.length)
    this.#offsets = new Float64Array(places)
    this.#pending = new Int32Array(tasks.length)
    this.#running = new Int32Array(places)
    this.#beginsMs = new Float64Array(places)
    this.#restMs = new Float64Array(places)
  }

  weightOf(place: number): number {
    return this.#facts.weights[place]!
  }

  missingOf(place: number): ReadonlyArray<{ readonly key: string; readonly loadMs: number }> {
    return this.#facts.missing[place]!
  }

  /** It misses its target even if it begins now, or goes on, and nobody slows it. */
  isLost(place: number): boolean {
    const { dueMs, leftMs, readyMs } = this.#facts
    const run = place - this.tasks.length
    const endMs = run < 0 ? this.#earliestEndMs(place) : readyMs[run]! + leftMs[run]!
    return endMs > dueMs[place]!
  }

  /** Of all that wait and run: what no play can be better by. */
  get lostWeight(): number {
    const { weights } = this.#facts
    let lost = 0
    for (let place = 0; place < weights.length; place++) {
      if (this.isLost(place)) lost += weights[place]!
    }
    return lost
  }

  #earliestEndMs(place: number): number {
    const nowMs = this.#nowMs
    const { linkFreeMs, missing, onTheWay } = this.#facts
    let readyMs = nowMs
    let freeMs = Math.max(nowMs, linkFreeMs)
    for (const { loadMs, slot } of missing[place]!) {
      const thereMs = onTheWay[slot]!
      if (Number.isNaN(thereMs)) freeMs += loadMs
      if (Number.isNaN(thereMs) || thereMs > nowMs) readyMs = freeMs
    }
    return readyMs + this.tasks[place]!.predictedMs
  }

  /** Time O(n (n + lanes)) for n tasks. */
  play(course: Course): Played {
    return this.playAgainst(course, null)!
  }

  /** null as soon as it cannot be better than `best` any more. */
  playAgainst({ atMost, order }: Course, best: Played | null): Played | null {
    const nowMs = this.#nowMs
    const lanes = this.#lanes
    const count = this.tasks.length
    const company = this.#facts.company
    const loadedAt = this.#loadedAt
    loadedAt.set(this.#facts.onTheWay)
    const pending = this.#pending
    let waits = order.length
    for (let at = 0; at < waits; at++) pending[at] = order[at]!
    /** Places of those that run, in order, with when each begins and what is left of it. */
    const running = this.#running
    const beginsMs = this.#beginsMs
    const restMs = this.#restMs
    let runs = this.#facts.readyMs.length
    let set = 0
    for (let at = 0; at < runs; at++) {
      running[at] = count + at
      beginsMs[at] = this.#facts.readyMs[at]!
      restMs[at] = this.#facts.leftMs[at]!
      set |= 1 << (count + at)
    }
    let atMs = nowMs
    let linkFreeMs = this.#facts.linkFreeMs
    const free = this.#facts.free?.clone() ?? null
    const offsets = this.#offsets
    let lateWeight = 0
    let weightedMs = 0
    let riskMs = 0
    let anyEnded = false
    const first: Array<number> = []
    const late: Array<number> = []
    let refused = 0
    for (;;) {
      for (let at = 0; at < waits && runs < lanes; ) {
        const place = pending[at]!
        const most = atMost[place]!
        if (runs > 0 && (most === 0 ? !this.#pays(place, set) : runs >= most)) {
          if (most === 0) refused |= 1 << place
          at++
          continue
        }
        const hasRoom = anyEnded || !this.#roomless.has(place)
        const offset = hasRoom
          ? free === null
            ? 0
            : free.takeHigh(this.#facts.arenaBytes[place]!)
          : null
        if (offset === null && runs > 0) {
          at++
          continue
        }
        // On an idle device everything fits, residents out of the way.
        offsets[place] = offset ?? Number.NaN
        let ready = atMs
        for (const { loadMs, slot } of this.#facts.missing[place]!) {
          let there = loadedAt[slot]!
          if (Number.isNaN(there)) {
            linkFreeMs = Math.max(atMs, linkFreeMs) + loadMs
            there = linkFreeMs
            loadedAt[slot] = there
          }
          // Also where others bring it, it waits for all that load before.
          if (there > atMs) ready = linkFreeMs
        }
        waits--
        leave(pending, at, waits)
        running[runs] = place
        beginsMs[runs] = ready
        restMs[runs] = this.tasks[place]!.predictedMs
        runs++
        set |= 1 << place
        if (atMs === nowMs) first.push(place)
      }
      if (runs === 0) return { first, late, lateWeight, weightedMs, riskMs, refused }
      let working = 0
      for (let i = 0; i < runs; i++) {
        if (beginsMs[i]! <= atMs + toleranceMs) working |= 1 << running[i]!
      }
      const slow = working === 0 ? nobody : company.of(working).slowdowns
      let nextMs = Number.POSITIVE_INFINITY
      for (let i = 0; i < runs; i++) {
        const place = running[i]!
        const isWorking = (working & (1 << place)) !== 0
        const end = isWorking ? atMs + restMs[i]! * slow[place]! : beginsMs[i]!
        if (end < nextMs) nextMs = end
      }
      for (let i = runs - 1; i >= 0; i--) {
        const place = running[i]!
        if ((working & (1 << place)) === 0) continue
        restMs[i] = restMs[i]! - (nextMs - atMs) / slow[place]!
        if (restMs[i]! > toleranceMs) continue
        anyEnded = true
        runs--
        leave(running, i, runs)
        leave(beginsMs, i, runs)
        leave(restMs, i, runs)
        set &= ~(1 << place)
        if (free !== null) this.#giveArena(free, place)
        const weight = this.#facts.weights[place]!
        weightedMs += weight * (nextMs - nowMs)
        const risk = this.#facts.riskOf(place, nextMs)
        if (risk > 0) late.push(place)
        const atRiskMs = weight * risk * this.#facts.targetMs[place]!
        weightedMs += atRiskMs
        riskMs += atRiskMs
        if (nextMs > this.#facts.dueMs[place]!) lateWeight += weight
      }
      atMs = nextMs
      if (best !== null && this.#isBeaten(best, lateWeight, weightedMs, { atMs, runs, waits })) {
        return null
      }
    }
  }

  #giveArena(free: PoolFreeList, place: number): void {
    const count = this.tasks.length
    const offset = place < count ? this.#offsets[place]! : this.#facts.arenaOffset[place - count]!
    if (!Number.isNaN(offset)) free.give(offset, this.#facts.arenaBytes[place]!)
  }

  /** As if all that is open ran alone from now on, each on a lane of its own, what it needs there. */
  #isBeaten(
    best: Played,
    lateWeight: number,
    weightedMs: number,
    { atMs, runs, waits }: { readonly atMs: number; readonly runs: number; readonly waits: number },
  ): boolean {
    let leastLate = lateWeight
    let leastMs = weightedMs
    for (let i = 0; i < runs + waits; i++) {
      const place = i < runs ? this.#running[i]! : this.#pending[i - runs]!
      const endMs =
        i < runs
          ? Math.max(atMs, this.#beginsMs[i]!) + this.#restMs[i]!
          : atMs + this.tasks[place]!.predictedMs
      const weight = this.#facts.weights[place]!
      leastMs += weight * (endMs - this.#nowMs)
      if (endMs > this.#facts.dueMs[place]! + roundingMs) leastLate += weight
    }
    if (leastLate > best.lateWeight) return true
    return leastLate === best.lateWeight && leastMs > best.weightedMs * (1 + rounding)
  }

  /** All together then do more work in the same time. */
  #pays(place: number, set: number): boolean {
    const company = this.#facts.company
    return company.of(set | (1 << place)).speed > company.of(set).speed
  }
}
