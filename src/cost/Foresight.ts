// How far the operators of a run that have ended foretell those that follow: where they took longer than
// predicted, so will the rest, as far as it did in the runs seen so far. That is a regression of one logarithm of
// measured over predicted time upon the other, through nothing, since what is off on average is corrected
// elsewhere. What was known before counts as so many observations.
import type { Foreseen } from "../model/Snapshot.ts"
import { p95Deviations } from "./Spread.ts"

/** Observations that what was known before is worth, and those after which older ones fade. */
const priorCount = 10
const memoryCount = 500

/** Before anything was seen: four networks on the cpu device, 2026-11-26, mostly had 0.45 to 0.75. */
const priorCorrelation = 0.5

/** No run is taken to be off by more, whatever happened. */
const maxLog = Math.log(8)

export class Foresight {
  /** Means of the squares of the logarithms, and of their product. */
  #doneSquare: number
  #nextSquare: number
  #product: number
  #count = priorCount

  constructor(p95Factor: number) {
    const variance = (Math.log(p95Factor) / p95Deviations) ** 2
    this.#doneSquare = variance
    this.#nextSquare = variance
    this.#product = priorCorrelation * variance
  }

  /** Of a run whose ended operators took `doneFactor` times as long as predicted. Nonsense foretells nothing. */
  of(doneFactor: number): Foreseen {
    const log = Math.log(doneFactor)
    const done = Number.isFinite(log) ? Math.max(-maxLog, Math.min(maxLog, log)) : 0
    const slope = this.#doneSquare === 0 ? 0 : this.#product / this.#doneSquare
    const variance = Math.max(0, this.#nextSquare - slope * this.#product)
    return {
      p50Factor: Math.exp(slope * done),
      p95Factor: Math.exp(slope * done + p95Deviations * Math.sqrt(variance)),
    }
  }

  /** After operators that took `doneFactor` times as long, the next ones did `nextFactor` times. Nonsense teaches nothing. */
  observe(doneFactor: number, nextFactor: number): void {
    const [done, next] = [Math.log(doneFactor), Math.log(nextFactor)]
    if (!Number.isFinite(done) || !Number.isFinite(next)) return
    this.#count = Math.min(memoryCount, this.#count + 1)
    this.#doneSquare += (done * done - this.#doneSquare) / this.#count
    this.#nextSquare += (next * next - this.#nextSquare) / this.#count
    this.#product += (done * next - this.#product) / this.#count
  }
}
