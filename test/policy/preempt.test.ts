// Whom a rule of preemption asks before it looks for a run to stop.
import { describe, expect, it } from "vitest"
import type { RunningTask, Snapshot, Stoppable } from "../../src/model/Snapshot.ts"
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

  it("to a task that would be late by what a run costs beside its operators", () => {
    const snapshot = snapshotOf(0)
    const [long] = snapshot.running
    const endsIn = (ms: number) => ({ ...snapshot, running: [{ ...long!, doneMs: 2000 - ms }] })
    expect(preemptForTargets(endsIn(985), 5)).toBeNull()
    expect(preemptForTargets({ ...endsIn(985), overheadMs: 2 }, 5)?.preempt).toEqual(["long"])
  })

  it("to nobody whose turn is after its own, though it is due sooner", () => {
    const snapshot = (turnAtMs: number, run: Partial<Stoppable>): Snapshot => {
      const [task] = tasksOf([{ arenaBytes: 64, predictedMs: 10, qosTargetMs: 1000 }])
      const tasks = [{ ...task!, turnAtMs }]
      const world = new World({ tasks, budgetBytes: 1 << 20, lanes: 1, mode: "continuous" })
      const stop = { ...running.stop!, dueAtMs: 4000, ...run }
      return { ...world.snapshot(), running: [{ ...running, stop }], lanesFree: 0 }
    }
    expect(preemptForTargets(snapshot(1000, {}), 5)?.preempt).toEqual(["long"])
    expect(preemptForTargets(snapshot(4001, {}), 5)).toBeNull()
    expect(preemptForTargets(snapshot(4001, { turnAtMs: 5000 }), 5)?.preempt).toEqual(["long"])
  })

  describe("for what is won", () => {
    interface RunInput {
      readonly id: string
      readonly dueAtMs: number
      /** Milliseconds from the beginning to its only boundary within. */
      readonly boundaryMs: number
      readonly predictedP95Ms?: number
    }
    /** Two lanes with runs of 100 ms that have just begun; a task of 10 ms is due in 40. */
    const stopped = (inputs: ReadonlyArray<RunInput>, waiting: ReadonlyArray<number> = [40]) => {
      const tasks = tasksOf(
        waiting.map((qosTargetMs) => ({ arenaBytes: 64, predictedMs: 10, qosTargetMs })),
      )
      const world = new World({ tasks, budgetBytes: 1 << 20, lanes: 2, mode: "continuous" })
      const runs = inputs.map(({ boundaryMs, dueAtMs, id, predictedP95Ms = 100 }, lane) => ({
        ...{ ...running, id, lane, predictedMs: 100 },
        stop: { ...running.stop!, opEndsMs: [boundaryMs, 100], dueAtMs, predictedP95Ms },
      }))
      return preemptForTargets({ ...world.snapshot(), running: runs, lanesFree: 0 }, 0)?.preempt
    }
    const spare = { dueAtMs: 500, boundaryMs: 20 }
    const tight = { dueAtMs: 105, boundaryMs: 5 }

    it("the run whose boundary is soon enough stops, though the other had more to spare", () => {
      const long = { id: "long", dueAtMs: 900, boundaryMs: 80 }
      expect(stopped([long, { id: "soon", ...spare }])).toEqual(["soon"])
      // The other boundary would serve the second task in time, and not the first.
      expect(stopped([long, { id: "soon", ...spare }], [40, 95])).toEqual(["soon"])
    })

    it("of two that serve as well the one with more to spare stops", () => {
      const runs = [
        { id: "less", ...spare, dueAtMs: 300 },
        { id: "more", ...spare },
      ]
      expect(stopped(runs)).toEqual(["more"])
    })

    it("no run stops that would be late instead", () => {
      const runs = ["a", "b"].map((id) => ({ id, ...tight }))
      expect(stopped(runs)).toBeUndefined()
      expect(stopped([runs[0]!, { id: "b", ...tight, dueAtMs: 115 }])).toEqual(["b"])
    })

    it("a run stops that becomes less likely to be in time by less than the task becomes likelier", () => {
      const varied = (dueAtMs: number) => ({ id: "b", boundaryMs: 5, dueAtMs, predictedP95Ms: 110 })
      expect(stopped([{ id: "a", ...tight }, varied(125)])).toEqual(["b"])
      expect(stopped([{ id: "a", ...tight }, varied(109.9)])).toEqual(["b"])
      expect(stopped([{ id: "a", ...tight }, varied(100.5)])).toEqual(["b"])
    })
  })

  it("to nobody whose tenant is ahead of the others", () => {
    expect(preemptForTargets(snapshotOf(dueSlackMs + 1), 5)).toBeNull()
  })

  it("to nobody who has another lane coming", () => {
    expect(preemptForTargets(snapshotOf(0, "t0"), 5)).toBeNull()
  })
})
