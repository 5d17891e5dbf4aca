// What observed runs say of the predictions: a factor for each plan, smoothed exponentially in the
// logarithm, so that twice as slow and twice as fast weigh alike. A plan that was never seen takes
// the factor of its architecture, and that one the factor of all runs.
import { limits } from "../model/limits.ts"

interface Estimate {
  /** Logarithm of measured over predicted. */
  log: number
  count: number
}

/** Weight of a new observation once there are many; the first ones are averaged. */
const smoothing = 0.2
/** An observation moves an estimate by no more than this factor, whatever happened. */
const maxStep = Math.log(2)
/** A prediction is never corrected by more. */
const maxFactor = Math.log(8)

const clamp = (value: number, bound: number): number => Math.max(-bound, Math.min(bound, value))

const learn = (estimate: Estimate, log: number): void => {
  estimate.count++
  const weight = Math.max(smoothing, 1 / (estimate.count + 1))
  const step = weight * clamp(log - estimate.log, maxStep)
  estimate.log = clamp(estimate.log + step, maxFactor)
}

export class TimeCorrection {
  readonly #plans = new Map<string, Estimate>()
  readonly #kinds = new Map<string, Estimate>()
  readonly #all: Estimate = { log: 0, count: 0 }

  /** What the predicted time is to be multiplied by; 1 before anything was observed. */
  factor(plan: string, kind: string): number {
    return Math.exp((this.#plans.get(plan) ?? this.#kinds.get(kind) ?? this.#all).log)
  }

  /**
   * A run alone took `measuredMs` (what co-location added is taken off before); the planner, without
   * correction, had said `predictedMs`. Nonsense teaches nothing.
   */
  observe(plan: string, kind: string, measuredMs: number, predictedMs: number): void {
    const log = Math.log(measuredMs / predictedMs)
    if (!Number.isFinite(log)) return
    learn(this.#kept(this.#plans, plan, this.#kinds.get(kind) ?? this.#all), log)
    learn(this.#kept(this.#kinds, kind, this.#all), log)
    learn(this.#all, log)
  }

  /** The estimate of a key, begun at its parent's; the one that was begun first makes room. */
  #kept(estimates: Map<string, Estimate>, key: string, parent: Estimate): Estimate {
    const known = estimates.get(key)
    if (known !== undefined) return known
    if (estimates.size >= limits.planCacheEntries) estimates.delete(estimates.keys().next().value!)
    const fresh = { log: parent.log, count: 0 }
    estimates.set(key, fresh)
    return fresh
  }
}
