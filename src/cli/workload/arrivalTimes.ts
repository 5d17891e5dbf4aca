// When tasks come, in milliseconds from the start: periodic, a Poisson process, or one that is on and
// off. Seeded: the same seed gives the same times.
import type { Random } from "../../prep/random.ts"

/** Exponential with this mean. */
export const exponential = (random: Random, mean: number): number =>
  -mean * Math.log(1 - random.uniform())

export function* periodicTimes(everyMs: number, atMs: number): Generator<number> {
  for (let i = 0; ; i++) yield atMs + i * everyMs
}

export function* poissonTimes(perSecond: number, random: Random): Generator<number> {
  let atMs = 0
  for (;;) {
    atMs += exponential(random, 1000 / perSecond)
    yield atMs
  }
}

export interface Bursts {
  /** While it is on. */
  readonly perSecond: number
  /** Means of the exponential lengths of the two states. */
  readonly onMs: number
  readonly offMs: number
}

/** An interrupted Poisson process: it starts on. */
export function* burstTimes({ offMs, onMs, perSecond }: Bursts, random: Random): Generator<number> {
  let startMs = 0
  for (;;) {
    const endMs = startMs + exponential(random, onMs)
    let atMs = startMs + exponential(random, 1000 / perSecond)
    while (atMs < endMs) {
      yield atMs
      atMs += exponential(random, 1000 / perSecond)
    }
    startMs = endMs + exponential(random, offMs)
  }
}

export const firstOf = (times: Iterable<number>, count: number): ReadonlyArray<number> => {
  const first: Array<number> = []
  for (const atMs of times) {
    first.push(atMs)
    if (first.length >= count) break
  }
  return first
}
