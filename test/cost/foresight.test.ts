// What the ended operators of a run say of the others is learnt from what runs took.
import { describe, expect, it } from "vitest"
import { Foresight } from "../../src/cost/Foresight.ts"
import { testRandom } from "../support/random.ts"

const seed = 7

/** Uniform, of standard deviation `deviation`. */
const chance = (random: ReturnType<typeof testRandom>, deviation: number): number =>
  deviation * Math.sqrt(3) * (random.int(2001) / 1000 - 1)

const learnt = (ofRun: number, ofOperators: number): Foresight => {
  const random = testRandom(seed)
  const foresight = new Foresight(1.18)
  for (let run = 0; run < 3000; run++) {
    const pace = chance(random, ofRun)
    const factor = () => Math.exp(pace + chance(random, ofOperators))
    foresight.observe(factor(), factor())
  }
  return foresight
}

describe(`what is left of a run, seed ${seed}`, () => {
  it("is as much slower as what is done where runs differ as a whole", () => {
    const { p50Factor, p95Factor } = learnt(0.05, 0).of(1.1)
    expect(p50Factor).toBeCloseTo(1.1, 2)
    expect(p95Factor / p50Factor).toBeLessThan(1.02)
  })

  it("is as predicted, and as uncertain, where each operator differs by itself", () => {
    const { p50Factor, p95Factor } = learnt(0, 0.05).of(1.1)
    expect(p50Factor).toBeCloseTo(1, 1)
    expect(p95Factor / p50Factor).toBeCloseTo(Math.exp(1.645 * 0.05), 2)
  })

  it("is half as much slower where both vary alike", () => {
    expect(Math.log(learnt(0.05, 0.05).of(1.1).p50Factor)).toBeCloseTo(0.5 * Math.log(1.1), 2)
  })

  it("is as predicted where what is done says nothing", () => {
    const foresight = new Foresight(1.18)
    for (const nonsense of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const before = foresight.of(1.1)
      foresight.observe(nonsense, 1)
      foresight.observe(1, nonsense)
      expect(foresight.of(1.1)).toEqual(before)
      expect(foresight.of(nonsense).p50Factor).toBe(1)
    }
    expect(new Foresight(1).of(2)).toEqual({ p50Factor: 1, p95Factor: 1 })
  })
})
