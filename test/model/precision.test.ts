// Numbers of two bytes: which ones there are, and how others are rounded to them.
import { describe, expect, it } from "vitest"
import { roundTo, stepAt } from "../../src/model/precision.ts"

/** Every finite number of at least 0, by its definition: exponent and mantissa. */
const numbers = {
  fp16: Array.from({ length: 31 * 1024 }, (_, bits) => {
    const [exponent, mantissa] = [bits >> 10, bits & 1023]
    return exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15)
  }),
  bf16: Array.from({ length: 255 * 128 }, (_, bits) => {
    const [exponent, mantissa] = [bits >> 7, bits & 127]
    return exponent === 0 ? mantissa * 2 ** -133 : (1 + mantissa / 128) * 2 ** (exponent - 127)
  }),
}

describe.each(["fp16", "bf16"] as const)("rounding to %s", (storage) => {
  const all = numbers[storage]

  it("keeps every number it has, of either sign", () => {
    for (const value of all) {
      expect(roundTo(storage, value)).toBe(value)
      expect(roundTo(storage, -value)).toBe(-value)
    }
  })

  it("takes the nearer neighbour, and of two as near the even one", () => {
    for (let i = 0; i + 1 < all.length; i++) {
      const [low, high] = [all[i]!, all[i + 1]!]
      const middle = (low + high) / 2
      const off = (high - low) / 64
      expect(high - low).toBe(stepAt(storage, low))
      expect(roundTo(storage, middle)).toBe(i % 2 === 0 ? low : high)
      expect(roundTo(storage, middle - off)).toBe(low)
      expect(roundTo(storage, -middle - off)).toBe(-high)
    }
  })

  it("makes infinity of what is beyond the largest by half a step, and keeps NaN", () => {
    const largest = all.at(-1)!
    const half = stepAt(storage, largest) / 2
    expect(roundTo(storage, largest + half)).toBe(Number.POSITIVE_INFINITY)
    expect(roundTo(storage, largest + half * 0.99)).toBe(largest)
    expect(roundTo(storage, -largest - half)).toBe(Number.NEGATIVE_INFINITY)
    expect(roundTo(storage, Number.NaN)).toBeNaN()
    expect(roundTo(storage, -0)).toBe(-0)
  })
})
