// How long runs take that share a memory system. Each asks for a share of the bandwidth; where the
// shares add up to more than all of it, every run goes slower by the sum. Work is counted in
// milliseconds alone, so one number, the work done since the start, moves all runs along.
//
//   slowdown = max(1, sum of demands)        work done in dt = dt / slowdown
//
// A model to be replaced by one that is fitted to measured pairs: it knows nothing of caches.

export interface SharedRun {
  /** Share of the bandwidth it asks for while it runs, 0 to 1. */
  readonly demand: number
  /** Called once, when its work is done. */
  readonly onEnd: () => void
}

interface Entry {
  readonly run: SharedRun
  readonly startWorkMs: number
  endWorkMs: number
}

/** Half a nanosecond: the clock counts whole ones. */
const toleranceMs = 0.5e-6

export class SharedTime {
  readonly #entries = new Map<SharedRun, Entry>()
  #demand = 0
  #workMs = 0
  #atMs = 0

  get slowdown(): number {
    return Math.max(1, this.#demand)
  }

  /** Moves to `nowMs`, no later than `nextEndMs`, and ends the runs whose work is done. */
  advance(nowMs: number): void {
    this.#workMs += (nowMs - this.#atMs) / this.slowdown
    this.#atMs = nowMs
    const ended = [...this.#entries.values()].filter(
      ({ endWorkMs }) => endWorkMs <= this.#workMs + toleranceMs,
    )
    for (const { run } of ended) this.#entries.delete(run)
    this.#sum()
    for (const { run } of ended) run.onEnd()
  }

  /** A run begins at the moment of the last `advance`. */
  add(run: SharedRun, workMs: number): void {
    const startWorkMs = this.#workMs
    this.#entries.set(run, { run, startWorkMs, endWorkMs: startWorkMs + workMs })
    this.#sum()
  }

  /** Work that the run has done; null when it has ended. */
  workOf(run: SharedRun): number | null {
    const entry = this.#entries.get(run)
    return entry === undefined ? null : this.#workMs - entry.startWorkMs
  }

  /** Lets the run end once it has done `workMs`, which lies ahead of it. */
  cut(run: SharedRun, workMs: number): void {
    const entry = this.#entries.get(run)!
    entry.endWorkMs = entry.startWorkMs + workMs
  }

  /** When the next run ends unless another begins; null when nothing runs. */
  nextEndMs(): number | null {
    if (this.#entries.size === 0) return null
    let endWorkMs = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) endWorkMs = Math.min(endWorkMs, entry.endWorkMs)
    return this.#atMs + Math.max(0, endWorkMs - this.#workMs) * this.slowdown
  }

  /** Anew each time: sums that are taken apart again would not come back to 0. */
  #sum(): void {
    this.#demand = 0
    for (const { run } of this.#entries.values()) this.#demand += run.demand
  }
}
