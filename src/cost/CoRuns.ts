// Which runs go on side by side, and how much that slows each by the interference model: what an
// observation has to be divided by before it says anything about the run alone.

import type { InterferenceModel } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"
import { slowdown } from "./interference.ts"

interface CoRun {
  readonly id: string
  readonly demand: Demand
  readonly startMs: number
  /** Milliseconds alone that the time since the start is worth. */
  aloneMs: number
  /** How many times as long it takes as alone, beside those that go on. */
  factor: number
}

export class CoRuns {
  readonly #model: InterferenceModel
  /** In the order in which they began. */
  #runs: Array<CoRun> = []
  #atMs = 0

  constructor(model: InterferenceModel) {
    this.#model = model
  }

  start(id: string, demand: Demand, nowMs: number): void {
    this.#advance(nowMs)
    this.#runs.push({ id, demand, startMs: nowMs, aloneMs: 0, factor: 1 })
    this.#share()
  }

  /** Mean slowdown of the run since its start, at least 1; 1 for one that is not known. */
  end(id: string, nowMs: number): number {
    this.#advance(nowMs)
    const run = this.#runOf(id)
    if (run === undefined) return 1
    this.#runs = this.#runs.filter((other) => other !== run)
    this.#share()
    return run.aloneMs > 0 ? Math.max(1, (nowMs - run.startMs) / run.aloneMs) : 1
  }

  /** Since its start; null for a run that is not known. Looking changes nothing, to the last bit. */
  timeOf(
    id: string,
    nowMs: number,
  ): { readonly onLaneMs: number; readonly aloneMs: number } | null {
    const run = this.#runOf(id)
    if (run === undefined) return null
    const aloneMs = run.aloneMs + (nowMs - this.#atMs) / run.factor
    return { onLaneMs: nowMs - run.startMs, aloneMs }
  }

  #advance(nowMs: number): void {
    if (nowMs === this.#atMs) return
    for (const run of this.#runs) run.aloneMs += (nowMs - this.#atMs) / run.factor
    this.#atMs = nowMs
  }

  #runOf(id: string): CoRun | undefined {
    return this.#runs.find((run) => run.id === id)
  }

  #share(): void {
    const demands = this.#runs.map(({ demand }) => demand)
    const factors = slowdown(demands, this.#model)
    this.#runs.forEach((run, at) => {
      run.factor = factors[at]!
    })
  }
}
