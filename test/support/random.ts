// A small seeded generator for test inputs (mulberry32).
export interface TestRandom {
  /** In [0, 1). */
  readonly next: () => number
  /** An integer in [0, below). */
  readonly int: (below: number) => number
  /** Roughly normal, mean 0, variance 1. */
  readonly normal: () => number
}

export const testRandom = (seed: number): TestRandom => {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return { next, int: (below) => Math.floor(next() * below), normal }
}
