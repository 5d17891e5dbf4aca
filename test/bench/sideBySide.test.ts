// What the benches say of real runs beside simulated ones: which runs count, and what a swapped rank is.
import { expect, it } from "vitest"
import {
  calmMedian,
  type Figures,
  type RealRun,
  rankingOf,
  type SideBySide,
  sideBySide,
} from "../../bench/sideBySide.ts"

const figures = (meanResponseMs: number): Figures => ({
  meanResponseMs,
  makespanMs: 4 * meanResponseMs,
  meanRunMs: 1,
  qosMetRatio: null,
})

const runOf = (meanResponseMs: number, others = 0): RealRun => ({
  ...figures(meanResponseMs),
  others,
})

const row = (
  policy: SideBySide["policy"],
  real: ReadonlyArray<number>,
  simulated: number,
): SideBySide =>
  sideBySide(
    { policy, mode: "continuous" },
    real.map((ms) => runOf(ms)),
    figures(simulated),
  )

it("counts the runs that nobody disturbed, and the calmer half where everybody was", () => {
  const disturbed = [runOf(100, 0.01), runOf(110, 0.04), runOf(900, 0.6), runOf(800, 0.5)]
  expect(calmMedian(disturbed).meanResponseMs).toBe(105)
  const all = [runOf(100, 0.2), runOf(110, 0.3), runOf(900, 0.6), runOf(800, 0.5)]
  expect(calmMedian(all).meanResponseMs).toBe(105)
})

it("states errors as simulated over real", () => {
  const { makespanError, responseError } = row("base", [90, 100, 110], 85)
  expect(responseError).toBeCloseTo(-0.15, 9)
  expect(makespanError).toBeCloseTo(-0.15, 9)
})

it("a pair is swapped where runs tell it apart, and tied where they do not", () => {
  const base = row("base", [200, 204], 190)
  const near = row("sjf", [100, 101], 96)
  const { swapped, tied, real } = rankingOf([base, near, row("slo", [101, 102], 95)])
  expect(swapped).toEqual([])
  expect(tied).toEqual([["sjf/continuous", "slo/continuous"]])
  expect(real.at(-1)).toBe("base/continuous")
  const wrong = rankingOf([base, near, row("slo", [150, 151], 90)])
  expect(wrong.swapped).toEqual([["sjf/continuous", "slo/continuous"]])
  // Runs that spread by as much as they differ.
  const wide = rankingOf([near, row("slo", [80, 130], 90)])
  expect(wide).toMatchObject({ swapped: [], tied: [["sjf/continuous", "slo/continuous"]] })
})
