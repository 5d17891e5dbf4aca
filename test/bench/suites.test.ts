// Every bench suite at its smoke size, so that benches do not rot, and the promises that need no
// quiet machine.
import { describe, expect, it } from "vitest"
import { suites } from "../../bench/run.ts"

describe("the bench suites at smoke size", () => {
  it.each(Object.entries(suites))("%s runs and yields sane figures", async (name, suite) => {
    const { suite: ran, rows } = await suite({ smoke: true })
    expect(ran).toBe(name)
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      expect(row.samples, row.name).toBeGreaterThan(0)
      expect(row.p50Ms, row.name).toBeGreaterThan(0)
      expect(row.p99Ms, row.name).toBeGreaterThanOrEqual(row.p50Ms)
    }
  })
})
