// How long runs take that share a device. Each has a demand; a function says by how much each goes
// slower beside the others. Work is counted in milliseconds alone: in dt a run does dt / slowdown of
// it. The slowdowns stay as they are until a run begins or ends.
import type { Demand } from "../../model/Plan.ts"

/** How many times as long each of the runs takes as alone, in order. */
export type Slowdown = (demands: ReadonlyArray<Demand>) => ReadonlyArray<number>

export interface SharedRun {
  /** What it contends for while it runs. */
  readonly demand: Demand
  /** Called once, when its work is done. */
  readonly onEnd: () => void
}

interface Entry {
  readonly run: SharedRun
  doneMs: number
  workMs: number
  slowdown: number
}

/** Half a nanosecond: the clock counts whole ones. */
const toleranceMs = 0.5e-6

export class SharedTime {
  readonly #entries = new Map<SharedRun, Entry>()
  readonly #slowdown: Slowdown
  #atMs = 0

  constructor(slowdown: Slowdown) {
    this.#slowdown = slowdown
  }

  /** Of a run that goes on; 1 for one that has ended. */
  slowdownOf(run: SharedRun): number {
    return this.#entries.get(run)?.slowdown ?? 1
  }

  /** Moves to `nowMs`, no later than `nextEndMs`, and ends the runs whose work is done. */
  advance(nowMs: number): void {
    const ended: Array<SharedRun> = []
    for (const entry of this.#entries.values()) {
      entry.doneMs += (nowMs - this.#atMs) / entry.slowdown
      if (entry.workMs <= entry.doneMs + toleranceMs) ended.push(entry.run)
    }
    this.#atMs = nowMs
    if (ended.length === 0) return
    for (const run of ended) this.#entries.delete(run)
    this.#share()
    for (const run of ended) run.onEnd()
  }

  /** A run begins at the moment of the last `advance`. */
  add(run: SharedRun, workMs: number): void {
    this.#entries.set(run, { run, doneMs: 0, workMs, slowdown: 1 })
    this.#share()
  }

  /** Work that the run has done; null when it has ended. */
  workOf(run: SharedRun): number | null {
    return this.#entries.get(run)?.doneMs ?? null
  }

  /** As of `nowMs`, which may lie behind the last `advance`; null when it has ended. */
  progressOf(run: SharedRun, nowMs: number): { doneMs: number; slowdown: number } | null {
    const entry = this.#entries.get(run)
    if (entry === undefined) return null
    const { doneMs, slowdown } = entry
    return { doneMs: doneMs + (nowMs - this.#atMs) / slowdown, slowdown }
  }

  /** Lets the run end once it has done `workMs`, which lies ahead of it. */
  cut(run: SharedRun, workMs: number): void {
    this.#entries.get(run)!.workMs = workMs
  }

  /** When the next run ends unless another begins; null when nothing runs. */
  nextEndMs(): number | null {
    if (this.#entries.size === 0) return null
    let leftMs = Number.POSITIVE_INFINITY
    for (const { doneMs, workMs, slowdown } of this.#entries.values()) {
      leftMs = Math.min(leftMs, Math.max(0, workMs - doneMs) * slowdown)
    }
    return this.#atMs + leftMs
  }

  #share(): void {
    const demands: Array<Demand> = []
    for (const { run } of this.#entries.values()) demands.push(run.demand)
    const slowdowns = this.#slowdown(demands)
    let at = 0
    for (const entry of this.#entries.values()) entry.slowdown = slowdowns[at++]!
  }
}
