// A policy that keeps promises: those due first go first where the policy's own choice would cost one.
import { describe, expect, it } from "vitest"
import type { Policy } from "../../src/model/Snapshot.ts"
import { fillDefaults, fillGroup } from "../../src/policy/fillGroup.ts"
import { keepPromises } from "../../src/policy/keepPromises.ts"
import { type TaskInput, tasksOf, World } from "./world.ts"

/** Starts the last that came. */
const latest: Policy = (snapshot) =>
  fillGroup([...snapshot.waiting].reverse(), snapshot, fillDefaults)
/** Starts nothing. */
const idle: Policy = () => ({ start: [], blocked: null, thresholdBytes: null })

const choiceOf = (policy: Policy, inputs: ReadonlyArray<Partial<TaskInput>>, lanes = 1) => {
  const tasks = tasksOf(inputs.map((input) => ({ arenaBytes: 64, ...input })))
  const world = new World({ tasks, budgetBytes: 4096, lanes, mode: "continuous" })
  return keepPromises(policy)(world.snapshot(), 0).start
}

describe("a policy that keeps promises", () => {
  const urgent = { predictedMs: 5, qosTargetMs: 8 }
  const long = { predictedMs: 20 }

  it("starts what is due instead of what would make it late", () => {
    expect(choiceOf(latest, [urgent, long])).toEqual(["t0"])
  })

  it("goes its own way where all stay in time, or none can be", () => {
    expect(choiceOf(latest, [{ ...urgent, qosTargetMs: 50 }, long])).toEqual(["t1"])
    expect(choiceOf(latest, [{ ...urgent, qosTargetMs: 4 }, long])).toEqual(["t1"])
    expect(choiceOf(latest, [{ ...urgent, qosTargetMs: null }, long])).toEqual(["t1"])
  })

  it("goes by deadlines among those that have one", () => {
    const later = { predictedMs: 5, qosTargetMs: 11 }
    expect(choiceOf(latest, [urgent, later])).toEqual(["t0"])
  })

  it("does not lose a target of its own choice for another", () => {
    const tight = { predictedMs: 5, qosTargetMs: 5.5 }
    expect(choiceOf(latest, [urgent, tight])).toEqual(["t1"])
  })

  describe("beside a run with a target", () => {
    const heavy = { bandwidth: 0.75, compute: 0 }
    const startBeside = (dueAtMs: number, ...waiting: ReadonlyArray<Partial<TaskInput>>) => {
      const inputs = [{ predictedMs: 10, demand: heavy }, ...waiting]
      const tasks = tasksOf(inputs.map((input) => ({ arenaBytes: 64, ...input })))
      const world = new World({ tasks, budgetBytes: 4096, lanes: 2, mode: "continuous" })
      world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
      const stop = { opEndsMs: [10], firstOp: 0, dueAtMs, predictedP95Ms: 10, priority: 0 }
      const snapshot = world.snapshot()
      const running = snapshot.running.map((run) => ({
        ...run,
        stop: { ...stop, preemptions: 0, stoppingFor: null },
      }))
      return keepPromises(latest)({ ...snapshot, running }, 0).start
    }

    it("starts what does not slow it past its target", () => {
      const relaxed = { predictedMs: 5, qosTargetMs: 100 }
      expect(startBeside(12, relaxed, { ...long, demand: heavy })).toEqual(["t1"])
      expect(startBeside(20, relaxed, { ...long, demand: heavy })).toEqual(["t2"])
    })

    it("leaves no lane free in the hope that the run is stopped for a task: nobody asks it while one is free", () => {
      const tasks = tasksOf([
        { arenaBytes: 64, predictedMs: 100, demand: heavy },
        { arenaBytes: 64, predictedMs: 1, qosTargetMs: 5, demand: heavy },
      ])
      const world = new World({ tasks, budgetBytes: 4096, lanes: 2, mode: "continuous" })
      world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
      const stop = { opEndsMs: [2, 100], firstOp: 0, predictedP95Ms: 110, priority: 0 }
      const snapshot = world.snapshot()
      const running = snapshot.running.map((run) => ({
        ...run,
        stop: { ...stop, dueAtMs: 101, preemptions: 0, stoppingFor: null },
      }))
      // Side by side each takes 3.25 times as long: to stop for the other would cost the run less.
      const interference = { kind: "fitted", memory: 4, core: 0 } as const
      expect(keepPromises(latest)({ ...snapshot, running, interference }, 0).start).toEqual(["t1"])
    })

    it("leaves the lane free where all would slow it so, and can wait", () => {
      const waits = { predictedMs: 20, qosTargetMs: 100, demand: heavy }
      expect(startBeside(12, waits)).toEqual([])
      expect(startBeside(20, waits)).toEqual(["t1"])
      expect(startBeside(12, { ...waits, qosTargetMs: 26 })).toEqual(["t1"])
    })
  })

  it("starts beside what runs where its own choice would leave a lane idle", () => {
    const tasks = tasksOf([
      { arenaBytes: 64, predictedMs: 20 },
      { arenaBytes: 64, ...urgent },
    ])
    const world = new World({ tasks, budgetBytes: 4096, lanes: 2, mode: "continuous" })
    world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
    expect(keepPromises(idle)(world.snapshot(), 0).start).toEqual(["t1"])
  })
})
