// Whom a rule of preemption asks before it looks for a run to stop.
import { describe, expect, it } from "vitest"
import type { RunningTask, Snapshot } from "../../src/model/Snapshot.ts"
import { preemptForTargets } from "../../src/policy/preempt.ts"
import { dueSlackMs } from "../../src/policy/TenantShares.ts"
import { tasksOf, World } from "./world.ts"

/** One lane, on which a task without a target runs for two seconds in ten operators. */
const running: RunningTask = {
  id: "long",
  tenant: "other",
  lane: 0,
  startedAtMs: 0,
  loadMs: 0,
  predictedMs: 2000,
  footprintBytes: 64,
  demand: { bandwidth: 0, compute: 0 },
  stop: {
    opEndsMs: Array.from({ length: 10 }, (_, op) => 200 * (op + 1)),
    firstOp: 0,
    dueAtMs: Number.POSITIVE_INFINITY,
    predictedP95Ms: 2000,
    priority: 0,
    preemptions: 0,
    stoppingFor: null,
  },
}

/** A short task that is due in a second, of a tenant that has had so much service. */
const snapshotOf = (attainedMs: number, stoppingFor: string | null = null): Snapshot => {
  const tasks = tasksOf([{ arenaBytes: 64, predictedMs: 10, qosTargetMs: 1000, tenant: "urgent" }])
  const world = new World({ tasks, budgetBytes: 1 << 20, lanes: 1, mode: "continuous" })
  const shares = [
    { tenant: "other", weight: 1, attainedMs: 0 },
    { tenant: "urgent", weight: 1, attainedMs },
  ]
  return {
    ...world.snapshot(),
    running: [{ ...running, stop: { ...running.stop!, stoppingFor } }],
    lanesFree: 0,
    tenants: new Map(shares.map((share) => [share.tenant, share])),
    byService: shares,
  }
}

describe("a run gives its lane", () => {
  it("to a task that would be late, of a tenant within its share", () => {
    expect(preemptForTargets(snapshotOf(dueSlackMs), 5)?.preempt).toEqual(["long"])
  })

  it("to nobody whose tenant is ahead of the others", () => {
    expect(preemptForTargets(snapshotOf(dueSlackMs + 1), 5)).toBeNull()
  })

  it("to nobody who has another lane coming", () => {
    expect(preemptForTargets(snapshotOf(0, "t0"), 5)).toBeNull()
  })
})
