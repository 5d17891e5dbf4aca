// With which of its plans a task starts, by what runs and what the device has free.
import { describe, expect, it } from "vitest"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import type { PolicyName } from "../../src/model/Snapshot.ts"
import { choosePlan } from "../../src/policy/choosePlan.ts"
import { policies } from "../../src/policy/policies.ts"
import { type TaskInput, tasksOf, World } from "./world.ts"

/** A pool of 4096 bytes of which a run of `runMs` holds `heldBytes`. */
const beside = (heldBytes: number, runMs: number, inputs: ReadonlyArray<TaskInput>) => {
  const tasks = tasksOf([{ arenaBytes: heldBytes, predictedMs: runMs }, ...inputs])
  const world = new World({ tasks, budgetBytes: 4096, lanes: 4, mode: "continuous" })
  world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
  return world
}

const choice = (world: World, elasticAtMs: number | null = 0) => {
  const snapshot = world.snapshot()
  const layout = PoolLayout.fromView(snapshot.memory)
  return choosePlan(world.waiting.at(-1)!, { layout, snapshot, elasticAtMs })
}

/** 2048, 1024 and 512 bytes, in 10, 15 and 22.5 ms. */
const elastic: TaskInput = { arenaBytes: 2048, predictedMs: 10, smaller: 2 }

describe("a task starts with", () => {
  it("its whole plan where that fits", () => {
    expect(choice(beside(2048, 100, [elastic]))).toBe(0)
  })

  it("the largest that fits where it takes less longer than the wait", () => {
    expect(choice(beside(2560, 100, [elastic]))).toBe(1)
    expect(choice(beside(3520, 100, [elastic]))).toBe(2)
  })

  it("none where the wait for the whole one is shorter", () => {
    expect(choice(beside(2560, 5, [elastic]))).toBe(null)
    expect(choice(beside(3520, 12, [elastic]))).toBe(null)
  })

  it("none where none fits, and the pool stays as it was", () => {
    const world = beside(4096, 100, [elastic])
    const { memory } = world.snapshot()
    const layout = PoolLayout.fromView(memory)
    const room = { layout, snapshot: world.snapshot(), elasticAtMs: 0 }
    expect(choosePlan(world.waiting[0]!, room)).toBe(null)
    expect(layout.view()).toEqual(memory)
  })

  it("a smaller one whatever it takes where nothing that runs would make room", () => {
    const slow = { ...elastic, arenaBytes: 4096, slower: 100 }
    const world = beside(64, 1, [{ arenaBytes: 64 }, slow])
    world.start({ start: ["t1"], blocked: null, thresholdBytes: null })
    // What is held for no run that will end: as by a task that was stopped.
    world.running.splice(0, 2)
    expect(choice(world)).toBe(1)
  })

  it("none where what starts with it, and not what runs, makes room for the whole one soon", () => {
    const world = beside(64, 1000, [elastic])
    const snapshot = world.snapshot()
    const short = tasksOf([{ arenaBytes: 2560, predictedMs: 4 }])[0]!
    const long = tasksOf([{ arenaBytes: 2560, predictedMs: 400 }])[0]!
    const beginningWith = (chosen: typeof short) => {
      const layout = PoolLayout.fromView(snapshot.memory)
      layout.place(chosen)
      return choosePlan(world.waiting[0]!, { layout, snapshot, chosen: [chosen], elasticAtMs: 0 })
    }
    expect(beginningWith(short)).toBe(null)
    expect(beginningWith(long)).toBe(1)
  })

  it("none where runs beside each other end later than alone, but still soon enough", () => {
    // The whole one waits 4 ms that company makes 6: 16 ms against 15 by the smaller one.
    const busy = { bandwidth: 0.75, compute: 0 }
    const runs = [
      { arenaBytes: 2560, predictedMs: 4, demand: busy },
      { arenaBytes: 64, predictedMs: 100, demand: busy },
    ]
    const world = new World({
      tasks: tasksOf([...runs, elastic]),
      budgetBytes: 4096,
      lanes: 4,
      mode: "continuous",
    })
    world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
    expect(choice(world)).toBe(null)
    world.start({ start: ["t1"], blocked: null, thresholdBytes: null })
    expect(choice(world)).toBe(1)
  })

  it("its whole plan alone where smaller ones are not weighed", () => {
    expect(choice(beside(2560, 100, [elastic]), null)).toBe(null)
  })
})

describe("the policies", () => {
  const decide = (name: PolicyName) => policies[name](beside(2560, 100, [elastic]).snapshot(), 0)

  it.each(["slo", "edf", "sjf", "priority", "fair"] as const)(
    "%s says with which plan a task starts",
    (name) => {
      expect(decide(name)).toMatchObject({ start: ["t1"], plans: { t1: 1 } })
    },
  )

  it.each(["base", "lmcf", "bmc", "sqtf", "bqt"] as const)(
    "%s waits for the whole one, as published",
    (name) => {
      const blocked = { id: "t1", reason: "memory" }
      expect(decide(name)).toEqual({ start: [], blocked, thresholdBytes: null })
    },
  )

  it("a second task is placed beside the plan that was chosen for the first", () => {
    const { plans, start } = policies.sjf(beside(2048, 100, [elastic, elastic]).snapshot(), 0)
    expect(start).toEqual(["t1"])
    expect(plans).toBe(undefined)
    const both = policies.sjf(beside(2560, 100, [elastic, elastic]).snapshot(), 0)
    expect(both).toMatchObject({ start: ["t1", "t2"], plans: { t1: 1, t2: 2 } })
  })
})
