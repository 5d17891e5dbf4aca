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

const isDone = ({ doneMs, workMs }: Entry): boolean => workMs <= doneMs + toleranceMs

export class SharedTime {
  /** In the order in which they began. */
  #entries: Array<Entry> = []
  readonly #slowdown: Slowdown
  #atMs = 0

  constructor(slowdown: Slowdown) {
    this.#slowdown = slowdown
  }

  /** Of a run that goes on; 1 for one that has ended. */
  slowdownOf(run: SharedRun): number {
    return this.#entryOf(run)?.slowdown ?? 1
  }

  /** Moves to `nowMs`, no later than `nextEndMs`, and ends the runs whose work is done. */
  advance(nowMs: number): void {
    let someEnd = false
    for (const entry of this.#entries) {
      entry.doneMs += (nowMs - this.#atMs) / entry.slowdown
      someEnd ||= isDone(entry)
    }
    this.#atMs = nowMs
    if (!someEnd) return
    const ended = this.#entries.filter(isDone)
    this.#entries = this.#entries.filter((entry) => !isDone(entry))
    this.#share()
    for (const { run } of ended) run.onEnd()
  }

  /** A run begins at the moment of the last `advance`. */
  add(run: SharedRun, workMs: number): void {
    this.#entries.push({ run, doneMs: 0, workMs, slowdown: 1 })
    this.#share()
  }

  /** Work that the run has done; null when it has ended. */
  workOf(run: SharedRun): number | null {
    return this.#entryOf(run)?.doneMs ?? null
  }

  /** As of `nowMs`, which may lie behind the last `advance`; null when it has ended. */
  progressOf(run: SharedRun, nowMs: number): { doneMs: number; slowdown: number } | null {
    const entry = this.#entryOf(run)
    if (entry === undefined) return null
    const { doneMs, slowdown } = entry
    return { doneMs: doneMs + (nowMs - this.#atMs) / slowdown, slowdown }
  }

  /** Lets the run end once it has done `workMs`, which lies ahead of it. */
  cut(run: SharedRun, workMs: number): void {
    this.#entryOf(run)!.workMs = workMs
  }

  /** When the next run ends unless another begins; null when nothing runs. */
  nextEndMs(): number | null {
    if (this.#entries.length === 0) return null
    let leftMs = Number.POSITIVE_INFINITY
    for (const { doneMs, workMs, slowdown } of this.#entries) {
      leftMs = Math.min(leftMs, Math.max(0, workMs - doneMs) * slowdown)
    }
    return this.#atMs + leftMs
  }

  #entryOf(run: SharedRun): Entry | undefined {
    return this.#entries.find((entry) => entry.run === run)
  }

  #share(): void {
    const slowdowns = this.#slowdown(this.#entries.map(({ run }) => run.demand))
    this.#entries.forEach((entry, at) => {
      entry.slowdown = slowdowns[at]!
    })
  }
}
