// How long decisions take, by the million: a histogram of logarithmic steps, which stays small.

/** Steps of each doubling: a percentile is known to 3 %. */
const stepsPerDoubling = 24
const leastUs = 0.1
const steps = 24 * stepsPerDoubling

export class DecisionTimes {
  readonly #counts = new Uint32Array(steps)
  #count = 0

  get count(): number {
    return this.#count
  }

  get p50Us(): number {
    return this.#percentile(0.5)
  }

  get p99Us(): number {
    return this.#percentile(0.99)
  }

  /** Decides, and takes the time. */
  of<A>(decide: () => A): A {
    const started = performance.now()
    const decision = decide()
    this.#add((performance.now() - started) * 1000)
    return decision
  }

  #add(us: number): void {
    const step = Math.floor(Math.log2(Math.max(1, us / leastUs)) * stepsPerDoubling)
    this.#counts[Math.min(step, steps - 1)]!++
    this.#count++
  }

  /** Upper end of the step in which it lies. */
  #percentile(share: number): number {
    let left = share * this.#count
    for (let step = 0; step < steps; step++) {
      left -= this.#counts[step]!
      if (left <= 0) return leastUs * 2 ** ((step + 1) / stepsPerDoubling)
    }
    return Number.POSITIVE_INFINITY
  }
}
