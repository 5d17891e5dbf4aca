// How likely a promise is lost: the normal distribution, by its table.
import { expect, it } from "vitest"
import { chanceLate } from "../../src/policy/sureness.ts"

it("is late by normal chance", () => {
  const table = {
    "-1": 0.84134,
    "0": 0.5,
    "1": 0.15866,
    "2": 0.02275,
    "2.5": 0.00621,
    "3": 0.00135,
  }
  for (const [deviations, chance] of Object.entries(table)) {
    expect(Math.abs(chanceLate(10 + 2 * Number(deviations), 10, 4) - chance)).toBeLessThan(2e-5)
  }
  expect([chanceLate(10, 10, 0), chanceLate(10, 11, 0)]).toEqual([0, 1])
})
