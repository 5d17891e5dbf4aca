// By how much predictions are off, as seen so far: the 95th percentile of measured over predicted time. What
// was known before counts as so many observations, so that a few lucky ones prove nothing.

/** Standard deviations from the median to the 95th percentile. */
export const p95Deviations = 1.645

/** Observations that the first factor is worth, and those after which older ones fade. */
const priorCount = 10
const memoryCount = 500

export class Spread {
  /** Of the logarithm of measured over predicted. */
  #variance: number
  #count = priorCount

  constructor(p95Factor: number) {
    this.#variance = (Math.log(p95Factor) / p95Deviations) ** 2
  }

  get p95Factor(): number {
    return Math.exp(p95Deviations * Math.sqrt(this.#variance))
  }

  /** A run took `measuredMs` where `predictedMs` had been said. Nonsense teaches nothing. */
  observe(measuredMs: number, predictedMs: number): void {
    const log = Math.log(measuredMs / predictedMs)
    if (!Number.isFinite(log)) return
    this.#count = Math.min(memoryCount, this.#count + 1)
    this.#variance += (log * log - this.#variance) / this.#count
  }
}
