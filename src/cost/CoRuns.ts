// Which runs go on side by side, and how much that slows each by the interference model: what an
// observation has to be divided by before it says anything about the run alone.

import type { InterferenceModel } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"
import { slowdown } from "./interference.ts"

interface CoRun {
  readonly demand: Demand
  readonly startMs: number
  /** Milliseconds alone that the time since the start is worth. */
  aloneMs: number
}

export class CoRuns {
  readonly #model: InterferenceModel
  readonly #runs = new Map<string, CoRun>()
  #atMs = 0

  constructor(model: InterferenceModel) {
    this.#model = model
  }

  start(id: string, demand: Demand, nowMs: number): void {
    this.#advance(nowMs)
    this.#runs.set(id, { demand, startMs: nowMs, aloneMs: 0 })
  }

  /** Mean slowdown of the run since its start, at least 1; 1 for one that is not known. */
  end(id: string, nowMs: number): number {
    this.#advance(nowMs)
    const run = this.#runs.get(id)
    if (run === undefined) return 1
    this.#runs.delete(id)
    return run.aloneMs > 0 ? Math.max(1, (nowMs - run.startMs) / run.aloneMs) : 1
  }

  /** Since its start; null for a run that is not known. Looking changes nothing, to the last bit. */
  timeOf(
    id: string,
    nowMs: number,
  ): { readonly onLaneMs: number; readonly aloneMs: number } | null {
    const run = this.#runs.get(id)
    if (run === undefined) return null
    const aloneMs = run.aloneMs + (nowMs - this.#atMs) / this.#factors()[this.#placeOf(id)]!
    return { onLaneMs: nowMs - run.startMs, aloneMs }
  }

  #advance(nowMs: number): void {
    if (nowMs === this.#atMs) return
    const factors = this.#factors()
    let place = 0
    for (const run of this.#runs.values()) {
      run.aloneMs += (nowMs - this.#atMs) / factors[place++]!
    }
    this.#atMs = nowMs
  }

  /** How many times as long each run takes as alone, in the order in which they began. */
  #factors(): ReadonlyArray<number> {
    const demands = Array.from(this.#runs.values(), ({ demand }) => demand)
    return slowdown(demands, this.#model)
  }

  #placeOf(id: string): number {
    return [...this.#runs.keys()].indexOf(id)
  }
}
