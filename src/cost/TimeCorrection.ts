// What observed runs say of the predictions: a factor for each plan, smoothed exponentially in the
// logarithm, so that twice as slow and twice as fast weigh alike. A plan that was never seen takes
// the factor of its architecture, and that one the factor of all runs. Much is averaged, so that chance in
// one run is not taken for the plan's: an error that all tasks of a line share adds up.
import { limits } from "../model/limits.ts"

interface Estimate {
  /** Logarithm of measured over predicted, of many. */
  log: number
  /** The same of the last few. */
  recent: number
  /** Of an observation about the last few before it. */
  variance: number
  /** Observations, and those since things last changed. */
  seen: number
  since: number
}

/** The least weight of a new observation; the first ones are averaged, later ones weigh more. */
const smoothing = 0.02
/** Among the last few. */
const recentSmoothing = 0.2
/** Times the standard deviation of their mean that the last few are off by where things have changed. */
const changed = 3
/** An observation moves an estimate by no more than this factor, whatever happened. */
const maxStep = Math.log(2)
/** A prediction is never corrected by more. */
const maxFactor = Math.log(8)

const clamp = (value: number, bound: number): number => Math.max(-bound, Math.min(bound, value))

/** After so many others: what was taken over from others weighs as much as half an observation. */
const weightAfter = (count: number, least: number): number => Math.max(least, 2 / (count + 3))

const moved = (from: number, to: number, weight: number): number =>
  clamp(from + weight * clamp(to - from, maxStep), maxFactor)

/** Chance averages out over many; where the last few are off by more than chance, they alone count. */
const learn = (estimate: Estimate, log: number): void => {
  const off = clamp(log - estimate.recent, maxStep)
  estimate.variance += weightAfter(estimate.seen, smoothing) * (off ** 2 - estimate.variance)
  estimate.recent = moved(estimate.recent, log, weightAfter(estimate.since, recentSmoothing))
  estimate.log = moved(estimate.log, log, weightAfter(estimate.since, smoothing))
  estimate.seen++
  estimate.since++
  const ofMean = (estimate.variance * recentSmoothing) / (2 - recentSmoothing)
  if (Math.abs(estimate.recent - estimate.log) <= changed * Math.sqrt(ofMean)) return
  estimate.log = estimate.recent
  // As many as weigh as much.
  estimate.since = 2 / recentSmoothing - 3
}

const begun = (log: number): Estimate => ({ log, recent: log, variance: 0, seen: 0, since: 0 })

export class TimeCorrection {
  readonly #plans = new Map<string, Estimate>()
  readonly #kinds = new Map<string, Estimate>()
  readonly #all: Estimate = begun(0)

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
    const fresh = begun(parent.log)
    estimates.set(key, fresh)
    return fresh
  }
}
