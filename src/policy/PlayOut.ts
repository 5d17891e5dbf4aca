// What waits and runs, played to its end in thought: lanes, bytes, the link on which residents are loaded
// one after the other, runs that slow each other by their demands. A play follows an order of the tasks
// and a bound on how many run side by side, and says what came of it and what it began with.
import { slowdown } from "../cost/interference.ts"
import type { Demand } from "../model/Plan.ts"
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { remainingOf } from "./concurrency.ts"
import { dueAtMs } from "./edf.ts"

/** An order of the waiting tasks, by their places in `PlayOut.tasks`. */
export type PlayOrder = ReadonlyArray<number>

export interface Played {
  /** What starts now, in order. */
  readonly first: ReadonlyArray<number>
  /** Weight of the targets that are missed; a target that is met by a hair counts half. */
  readonly lateWeight: number
  /** Sum of weight times milliseconds from now to the end. */
  readonly weightedMs: number
}

export interface PlayOptions {
  readonly snapshot: Snapshot
  /** 24 at most: sets of them are bits of a number, beside those that run. */
  readonly tasks: ReadonlyArray<WaitingTask>
  readonly nowMs: number
  /** A target is met by a hair when less than this part of it is to spare. */
  readonly sparePart: number
  /** Tasks that find no room now, by their places: not before something has ended. */
  readonly roomless: ReadonlySet<number>
}

export const isBetter = (a: Played, b: Played): boolean =>
  a.lateWeight === b.lateWeight ? a.weightedMs < b.weightedMs : a.lateWeight < b.lateWeight

const toleranceMs = 1e-9

export class PlayOut {
  readonly tasks: ReadonlyArray<WaitingTask>
  readonly #snapshot: Snapshot
  readonly #nowMs: number
  readonly #sparePart: number
  readonly #roomless: ReadonlySet<number>
  readonly #weights: ReadonlyArray<number>
  /** Of each task, the residents that are not on the device yet. */
  readonly #missing: ReadonlyArray<ReadonlyArray<{ readonly key: string; readonly loadMs: number }>>
  /** Those that wait, then those that run. */
  readonly #demands: ReadonlyArray<Demand>
  readonly #linkFreeMs: number
  readonly #freeBytes: number
  readonly #slowdowns = new Map<number, ReadonlyArray<number>>()

  constructor({ nowMs, roomless, snapshot, sparePart, tasks }: PlayOptions) {
    const { memory, running, tenants } = snapshot
    this.tasks = tasks
    this.#snapshot = snapshot
    this.#nowMs = nowMs
    this.#sparePart = sparePart
    this.#roomless = roomless
    this.#weights = tasks.map(({ tenant }) => tenants.get(tenant)?.weight ?? 1)
    this.#missing = tasks.map(({ residents }) =>
      residents
        .filter(({ key }) => !memory.residents.has(key))
        .map(({ bytes, key }) => ({ key, loadMs: bytes / snapshot.loadBytesPerMs })),
    )
    this.#demands = [...tasks, ...running].map(({ demand }) => demand)
    this.#linkFreeMs = running.reduce((at, task) => at + remainingOf(task, nowMs).loadMs, nowMs)
    let freeBytes = memory.free.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { bytes, holders } of memory.residents.values()) {
      if (holders === 0) freeBytes += bytes
    }
    this.#freeBytes = freeBytes
  }

  weightOf(place: number): number {
    return this.#weights[place]!
  }

  missingOf(place: number): ReadonlyArray<{ readonly key: string; readonly loadMs: number }> {
    return this.#missing[place]!
  }

  /** Time O(n (n + lanes)) for n tasks. */
  play(order: PlayOrder, atOnce: number): Played {
    const { lanesTotal, running } = this.#snapshot
    const count = this.tasks.length
    const most = Math.min(lanesTotal, atOnce)
    const loadedAt = new Map<string, number>()
    const pending = [...order]
    /** Places of those that run, in order, with when each begins and what is left of it. */
    const runs: Array<number> = []
    const readyMs: Array<number> = []
    const leftMs: Array<number> = []
    running.forEach((task, at) => {
      const { loadMs, runMs } = remainingOf(task, this.#nowMs)
      runs.push(count + at)
      readyMs.push(this.#nowMs + loadMs)
      leftMs.push(Math.max(toleranceMs, runMs))
    })
    let atMs = this.#nowMs
    let linkFreeMs = this.#linkFreeMs
    let freeBytes = this.#freeBytes
    let lateWeight = 0
    let weightedMs = 0
    let anyEnded = false
    const first: Array<number> = []
    for (;;) {
      for (let at = 0; at < pending.length && runs.length < most; ) {
        const place = pending[at]!
        const bytes = this.tasks[place]!.arenaBytes
        const hasRoom = anyEnded || !this.#roomless.has(place)
        if ((bytes > freeBytes || !hasRoom) && runs.length > 0) {
          at++
          continue
        }
        freeBytes -= bytes
        let ready = atMs
        for (const { key, loadMs } of this.#missing[place]!) {
          let there = loadedAt.get(key)
          if (there === undefined) {
            linkFreeMs = Math.max(atMs, linkFreeMs) + loadMs
            there = linkFreeMs
            loadedAt.set(key, there)
          }
          ready = Math.max(ready, there)
        }
        pending.splice(at, 1)
        runs.push(place)
        readyMs.push(ready)
        leftMs.push(this.tasks[place]!.predictedMs)
        if (atMs === this.#nowMs) first.push(place)
      }
      if (runs.length === 0) return { first, lateWeight, weightedMs }
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
        if (place >= count) {
          freeBytes += running[place - count]!.footprintBytes
          continue
        }
        freeBytes += this.tasks[place]!.arenaBytes
        weightedMs += this.#weights[place]! * (nextMs - this.#nowMs)
        lateWeight += this.#weights[place]! * this.#lateness(place, nextMs)
      }
      atMs = nextMs
    }
  }

  #lateness(place: number, endMs: number): number {
    const task = this.tasks[place]!
    const dueMs = dueAtMs(task)
    if (endMs <= dueMs - this.#sparePart * (task.qosTargetMs ?? 0)) return 0
    return endMs <= dueMs ? 0.5 : 1
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
