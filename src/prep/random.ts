// A small seeded generator (xoshiro128**, started by splitmix32): the same numbers for the same
// seed and stream on every machine. Math.random has no place in what must be reproducible.

const splitmix32 = (state: number): number => {
  let z = state | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return z ^ (z >>> 15)
}

const golden = 0x9e3779b9

export class Random {
  private a: number
  private b: number
  private c: number
  private d: number

  /** `stream` keeps the numbers of different uses of one seed apart. */
  constructor(seed: number, stream: string) {
    let state = (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, golden)
    for (let i = 0; i < stream.length; i++)
      state = splitmix32(state + stream.charCodeAt(i) + golden)
    this.a = splitmix32(state + golden)
    this.b = splitmix32(state + 2 * golden)
    this.c = splitmix32(state + 3 * golden)
    // Not all four may be zero.
    this.d = splitmix32(state + 4 * golden) | 1
  }

  /** 32 random bits as an unsigned number. */
  next(): number {
    const scrambled = Math.imul(this.b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9)
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result >>> 0
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.next() * 2 ** -32
  }

  /** A whole number in 0 … n-1, for n up to 2^32. */
  below(n: number): number {
    return Math.floor(this.next() * 2 ** -32 * n)
  }
}

/** 0 … n-1 in random order. */
export const permutation = (n: number, random: Random): Int32Array => {
  const order = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const j = random.below(i + 1)
    order[i] = order[j]!
    order[j] = i
  }
  return order
}
