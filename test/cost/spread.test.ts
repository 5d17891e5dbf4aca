// How far off predictions are is learnt from what runs took.
import { expect, it } from "vitest"
import { Spread } from "../../src/cost/Spread.ts"
import { testRandom } from "../support/random.ts"

const seed = 5
it(`the 95th percentile follows the observations, slowly from where it began, seed ${seed}`, () => {
  const random = testRandom(seed)
  const spread = new Spread(1.25)
  expect(spread.p95Factor).toBeCloseTo(1.25, 9)
  spread.observe(1, 1)
  expect(spread.p95Factor).toBeGreaterThan(1.2)
  // A log-uniform error within 10 %: its standard deviation is 0.1 / sqrt(3).
  for (let run = 0; run < 2000; run++) {
    spread.observe(Math.exp((random.int(2001) - 1000) / 10_000), 1)
  }
  expect(spread.p95Factor).toBeCloseTo(Math.exp((1.645 * 0.1) / Math.sqrt(3)), 2)
  const before = spread.p95Factor
  spread.observe(Number.NaN, 1)
  spread.observe(0, 1)
  expect(spread.p95Factor).toBe(before)
})
