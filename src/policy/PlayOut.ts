// What waits and runs, played to its end in thought: lanes, bytes, the link on which residents are loaded
// one after the other, runs that slow each other by their demands. A play follows a course, an order of
// the tasks and how much company each accepts, and says what came of it and what it began with.
import { slowdown } from "../cost/interference.ts"
import { PoolFreeList } from "../cost/poolFreeList.ts"
import type { FreeRange } from "../model/MemoryView.ts"
import { alignUp, type Demand } from "../model/Plan.ts"
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { dueAtMs } from "./edf.ts"
import { progressOf, type RunProgress } from "./runProgress.ts"

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
}

export interface PlayOptions {
  readonly snapshot: Snapshot
  /** With those that run `mostInPlay` at most. */
  readonly tasks: ReadonlyArray<WaitingTask>
  readonly nowMs: number
  /** A target is at risk when less than this part of it is to spare. */
  readonly sparePart: number
  /** Tasks that find no room now, by their places: not before something has ended. */
  readonly roomless: ReadonlySet<number>
}

export const isBetter = (a: Played, b: Played): boolean =>
  a.lateWeight === b.lateWeight ? a.weightedMs < b.weightedMs : a.lateWeight < b.lateWeight

/** Infinite without a target. */
interface Due {
  readonly dueMs: number
  readonly targetMs: number
  /** What there should be to spare. */
  readonly spareMs: number
}

/** Tasks that wait or run: sets of them are bits of a number. */
export const mostInPlay = 30

const toleranceMs = 1e-9
/** What sums in another order may differ by: a bound beats only by more. */
const rounding = 1e-9
const roundingMs = 1e-6

/** What has not ended. */
interface Open {
  readonly pending: ReadonlyArray<number>
  readonly runs: ReadonlyArray<number>
  readonly readyMs: ReadonlyArray<number>
  readonly leftMs: ReadonlyArray<number>
  readonly atMs: number
}

export class PlayOut {
  readonly tasks: ReadonlyArray<WaitingTask>
  readonly #snapshot: Snapshot
  readonly #nowMs: number
  readonly #roomless: ReadonlySet<number>
  /** Of those that wait, then of those that run; so are `#due` and `#demands`. */
  readonly #weights: ReadonlyArray<number>
  readonly #due: ReadonlyArray<Due>
  /** Of each task, the residents that are not on the device yet. */
  readonly #missing: ReadonlyArray<ReadonlyArray<{ readonly key: string; readonly loadMs: number }>>
  readonly #demands: ReadonlyArray<Demand>
  readonly #runs: ReadonlyArray<RunProgress>
  /** When residents will be there that are being loaded. */
  readonly #onTheWay = new Map<string, number>()
  #linkFreeMs = 0
  /** What nobody holds now; to be copied. */
  readonly #free: PoolFreeList
  readonly #slowdowns = new Map<number, ReadonlyArray<number>>()
  readonly #speeds = new Map<number, number>()

  constructor({ nowMs, roomless, snapshot, sparePart, tasks }: PlayOptions) {
    const { memory, running, tenants } = snapshot
    this.tasks = tasks
    this.#snapshot = snapshot
    this.#nowMs = nowMs
    this.#roomless = roomless
    this.#weights = [...tasks, ...running].map(({ tenant }) => tenants.get(tenant)?.weight ?? 1)
    this.#due = [
      ...tasks.map((task) => {
        const targetMs = task.qosTargetMs ?? 0
        return { dueMs: dueAtMs(task), targetMs, spareMs: sparePart * targetMs }
      }),
      ...running.map(({ stop }) => ({
        dueMs: stop?.dueAtMs ?? Number.POSITIVE_INFINITY,
        targetMs: 0,
        spareMs: 0,
      })),
    ]
    for (const { brings = [], loadMs, startedAtMs } of running) {
      const atMs = startedAtMs + loadMs
      if (atMs > nowMs) for (const key of brings) this.#onTheWay.set(key, atMs)
      this.#linkFreeMs = Math.max(this.#linkFreeMs, atMs)
    }
    this.#missing = tasks.map(({ residents }) =>
      residents
        .filter(({ key }) => this.#onTheWay.has(key) || !memory.residents.has(key))
        .map(({ bytes, key }) => ({ key, loadMs: bytes / snapshot.loadBytesPerMs })),
    )
    this.#runs = progressOf(snapshot, nowMs)
    this.#demands = [...tasks, ...running].map(({ demand }) => demand)
    this.#free = PoolFreeList.from(memory.free)
    for (const { bytes, holders, offset } of memory.residents.values()) {
      if (holders === 0) this.#free.give(offset, bytes)
    }
  }

  weightOf(place: number): number {
    return this.#weights[place]!
  }

  missingOf(place: number): ReadonlyArray<{ readonly key: string; readonly loadMs: number }> {
    return this.#missing[place]!
  }

  /** Time O(n (n + lanes)) for n tasks. */
  play(course: Course): Played {
    return this.playAgainst(course, null)!
  }

  /** null as soon as it cannot be better than `best` any more. */
  playAgainst({ atMost, order }: Course, best: Played | null): Played | null {
    const { lanesTotal } = this.#snapshot
    const count = this.tasks.length
    const loadedAt = new Map(this.#onTheWay)
    const pending = [...order]
    /** Places of those that run, in order, with when each begins and what is left of it. */
    const runs: Array<number> = []
    const readyMs: Array<number> = []
    const leftMs: Array<number> = []
    this.#runs.forEach(({ endsAtMs, slowdown: each, task }, at) => {
      const beginsMs = Math.max(this.#nowMs, task.startedAtMs + task.loadMs)
      runs.push(count + at)
      readyMs.push(beginsMs)
      leftMs.push(Math.max(toleranceMs, (endsAtMs - beginsMs) / each))
    })
    let atMs = this.#nowMs
    let linkFreeMs = this.#linkFreeMs
    const free = this.#free.clone()
    const arenas = new Map<number, FreeRange>()
    const late: Array<number> = []
    let lateWeight = 0
    let weightedMs = 0
    let anyEnded = false
    const first: Array<number> = []
    for (;;) {
      for (let at = 0; at < pending.length && runs.length < lanesTotal; ) {
        const place = pending[at]!
        if (!this.#joins(place, runs, atMost[place]!)) {
          at++
          continue
        }
        const bytes = alignUp(this.tasks[place]!.arenaBytes, this.#snapshot.memory.alignBytes)
        const hasRoom = anyEnded || !this.#roomless.has(place)
        const offset = hasRoom ? free.takeHigh(bytes) : null
        if (offset === null && runs.length > 0) {
          at++
          continue
        }
        // On an idle device everything fits, residents out of the way.
        if (offset !== null) arenas.set(place, { offset, bytes })
        let ready = atMs
        for (const { key, loadMs } of this.#missing[place]!) {
          let there = loadedAt.get(key)
          if (there === undefined) {
            linkFreeMs = Math.max(atMs, linkFreeMs) + loadMs
            there = linkFreeMs
            loadedAt.set(key, there)
          }
          // Also where others bring it, it waits for all that load before.
          if (there > atMs) ready = linkFreeMs
        }
        pending.splice(at, 1)
        runs.push(place)
        readyMs.push(ready)
        leftMs.push(this.tasks[place]!.predictedMs)
        if (atMs === this.#nowMs) first.push(place)
      }
      if (runs.length === 0) return { first, late, lateWeight, weightedMs }
      let working = 0
      for (let i = 0; i < runs.length; i++) {
        if (readyMs[i]! <= atMs + toleranceMs) working |= 1 << runs[i]!
      }
      const slow = this.#slowdownsOf(working)
      let nextMs = Number.POSITIVE_INFINITY
      for (let i = 0; i < runs.length; i++) {
        const isWorking = (working & (1 << runs[i]!)) !== 0
        const end = isWorking ? atMs + leftMs[i]! * slow[runs[i]!]! : readyMs[i]!
        if (end < nextMs) nextMs = end
      }
      for (let i = runs.length - 1; i >= 0; i--) {
        const place = runs[i]!
        if ((working & (1 << place)) === 0) continue
        leftMs[i] = leftMs[i]! - (nextMs - atMs) / slow[place]!
        if (leftMs[i]! > toleranceMs) continue
        anyEnded = true
        runs.splice(i, 1)
        readyMs.splice(i, 1)
        leftMs.splice(i, 1)
        const arena = place >= count ? this.#runs[place - count]!.task.arena : arenas.get(place)
        if (arena !== undefined) free.give(arena.offset, arena.bytes)
        weightedMs += this.#weights[place]! * (nextMs - this.#nowMs)
        const { dueMs, targetMs } = this.#due[place]!
        const risk = this.#riskOf(place, nextMs)
        if (risk > 0) late.push(place)
        weightedMs += this.#weights[place]! * risk * targetMs
        if (nextMs > dueMs) lateWeight += this.#weights[place]!
      }
      atMs = nextMs
      if (best !== null) {
        const open = { pending, runs, readyMs, leftMs, atMs }
        if (this.#isBeaten(best, lateWeight, weightedMs, open)) return null
      }
    }
  }

  /** As if all that is open ran alone from now on, each on a lane of its own, what it needs there. */
  #isBeaten(
    best: Played,
    lateWeight: number,
    weightedMs: number,
    { atMs, leftMs, pending, readyMs, runs }: Open,
  ): boolean {
    let leastLate = lateWeight
    let leastMs = weightedMs
    const add = (place: number, endMs: number) => {
      leastMs += this.#weights[place]! * (endMs - this.#nowMs)
      if (endMs > this.#due[place]!.dueMs + roundingMs) leastLate += this.#weights[place]!
    }
    for (let i = 0; i < runs.length; i++) {
      add(runs[i]!, Math.max(atMs, readyMs[i]!) + leftMs[i]!)
    }
    for (const place of pending) add(place, atMs + this.tasks[place]!.predictedMs)
    if (leastLate > best.lateWeight) return true
    return leastLate === best.lateWeight && leastMs > best.weightedMs * (1 + rounding)
  }

  #joins(place: number, runs: ReadonlyArray<number>, atMost: number): boolean {
    if (runs.length === 0 || atMost > 0) return runs.length < Math.max(1, atMost)
    let bits = 0
    for (const run of runs) bits |= 1 << run
    return this.#speedOf(bits | (1 << place)) > this.#speedOf(bits)
  }

  /** Work of all of them in a unit of time. */
  #speedOf(working: number): number {
    const known = this.#speeds.get(working)
    if (known !== undefined) return known
    const slowdowns = this.#slowdownsOf(working)
    let speed = 0
    for (let place = 0; place < slowdowns.length; place++) {
      if ((working & (1 << place)) !== 0) speed += 1 / slowdowns[place]!
    }
    this.#speeds.set(working, speed)
    return speed
  }

  /** From 0 to 1: how much of what was to spare before the target is used up. */
  #riskOf(place: number, endMs: number): number {
    const { dueMs, spareMs } = this.#due[place]!
    return endMs <= dueMs - spareMs ? 0 : Math.min(1, (endMs - dueMs + spareMs) / spareMs)
  }

  /** By place, of those whose bits are set. */
  #slowdownsOf(working: number): ReadonlyArray<number> {
    const known = this.#slowdowns.get(working)
    if (known !== undefined) return known
    const all = [...this.#demands.keys()].filter((place) => (working & (1 << place)) !== 0)
    const each = slowdown(
      all.map((place) => this.#demands[place]!),
      this.#snapshot.interference,
    )
    const byPlace = new Array<number>(this.#demands.length).fill(1)
    all.forEach((place, i) => {
      byPlace[place] = each[i]!
    })
    this.#slowdowns.set(working, byPlace)
    return byPlace
  }
}
