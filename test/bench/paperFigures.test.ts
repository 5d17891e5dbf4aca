// How the papers' comparison names the best of the others where figures vary.
import { expect, it } from "vitest"
import { type ComparedRow, compare, compareRounds } from "../../bench/paperFigures.ts"

const row = (
  policy: string,
  meanResponseMs: number,
  qosMetRatio: number,
  mode: ComparedRow["mode"] = "groups",
): ComparedRow => ({ policy, mode, meanResponseMs, makespanMs: 4 * meanResponseMs, qosMetRatio })

/** Of `sqtf` and `lmcf` now one is lucky and now the other. */
const rows = (sqtfMs: number, lmcfMs: number): ReadonlyArray<ComparedRow> => [
  row("slo", 100, 0.8, "continuous"),
  row("base", 200, 0.3),
  row("sqtf", sqtfMs, 80 / sqtfMs),
  row("lmcf", lmcfMs, 80 / lmcfMs),
  row("sqtf", 100, 0.8, "continuous"),
]

it("compares with the best of the others where nothing varies", () => {
  const compared = compare("list", rows(80, 160), { boundMs: 60, sharedMs: 50 })
  expect(compared).toMatchObject({
    meanOverBase: 0.5,
    meanOverPublished: 1.25,
    boundOverPublished: 0.75,
    makespanOverPublished: 1.25,
    meanOverRefilled: 1,
    meanSharedOverPublished: 0.625,
  })
  expect(compared.metLessBest).toBeCloseTo(-0.2, 9)
})

it("finds the best of the others in the other rounds, so that nobody is best by luck", () => {
  const rounds = [rows(80, 125), rows(125, 80)].map((each) => ({ rows: each, sharedMs: 50 }))
  const compared = compareRounds("list", rounds, 60)
  // The one that was lucky before is not now.
  expect(compared.meanOverPublished).toBeCloseTo(100 / 125, 9)
  expect(compared.metLessBest).toBeCloseTo(0.8 - 80 / 125, 9)
  expect(compared.meanOverBase).toBe(0.5)
  expect(compared.rows).toContainEqual(row("base", 200, 0.3))
  expect(compared.rows[2]!.meanResponseMs).toBeCloseTo(102.5, 9)
})

it("takes the best of its own round where there is no other", () => {
  const one = rows(80, 125)
  const compared = compareRounds("list", [{ rows: one, sharedMs: 50 }], 60)
  expect(compared).toEqual({ ...compare("list", one, { boundMs: 60, sharedMs: 50 }), rows: one })
})
