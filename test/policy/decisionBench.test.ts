// The smoke size of the decision bench runs here, so that the bench does not rot.
import { expect, it } from "vitest"
import { decisionSuite } from "../../bench/decision/decision.bench.ts"
import { policyNames } from "../../src/model/Snapshot.ts"
import { preempts } from "../../src/policy/preempt.ts"

it("measures every policy in both modes, and those that stop runs where no lane is free", async () => {
  const { rows } = await decisionSuite({ smoke: true })
  expect(rows).toHaveLength((policyNames.length * 2 + Object.keys(preempts).length) * 2)
  for (const row of rows) {
    expect(row.samples).toBeGreaterThan(0)
    expect(row.p50Ms).toBeGreaterThanOrEqual(0)
    expect(row.p99Ms).toBeLessThan(1000)
  }
})
