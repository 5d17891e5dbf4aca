// The policies for quality of service: their orders by example, and the bounds on waiting that
// their files state, over seeded runs of one lane.
import { describe, expect, it } from "vitest"
import type { Policy, WaitingTask } from "../../src/model/Snapshot.ts"
import { policies } from "../../src/policy/policies.ts"
import { priorityStepMs } from "../../src/policy/priority.ts"
import { sjfAgeing } from "../../src/policy/sjf.ts"
import { testRandom } from "../support/random.ts"
import { groupsOf, type TaskInput, tasksOf, World } from "./world.ts"

const device = { budgetBytes: 1 << 20, lanes: 8 }
const orderOf = (policy: Policy, inputs: ReadonlyArray<Partial<TaskInput>>) =>
  groupsOf(policy, {
    tasks: tasksOf(inputs.map((input) => ({ arenaBytes: 64, ...input }))),
    ...device,
  })

describe("the orders", () => {
  it("edf takes what is due first, and what has no deadline last", () => {
    const order = orderOf(policies.edf, [
      { submittedAtMs: 0, qosTargetMs: 50 },
      { submittedAtMs: 5 },
      { submittedAtMs: 10, qosTargetMs: 30 },
      { submittedAtMs: 20, qosTargetMs: 30 },
    ])
    expect(order).toEqual([["t2", "t0", "t3", "t1"]])
  })

  it("sjf takes the shortest, and a long task that has waited its length over the rate", () => {
    const long = { submittedAtMs: 0, predictedMs: 10 }
    const justBefore = { submittedAtMs: 8 / sjfAgeing - 1, predictedMs: 2 }
    const justAfter = { submittedAtMs: 8 / sjfAgeing + 1, predictedMs: 2 }
    const order = orderOf(policies.sjf, [long, justBefore, justAfter])
    expect(order).toEqual([["t1", "t0", "t2"]])
  })

  it("priority takes the highest, and a low one that has waited its steps", () => {
    const order = orderOf(policies.priority, [
      { submittedAtMs: 0, priority: 0 },
      { submittedAtMs: 2 * priorityStepMs - 1, priority: 2 },
      { submittedAtMs: 2 * priorityStepMs + 1, priority: 2 },
    ])
    expect(order).toEqual([["t1", "t0", "t2"]])
  })

  it("fair gives the lanes of one decision to tenants by weight", () => {
    const tasks = tasksOf(
      ["a", "a", "a", "a", "a", "a", "b", "b", "b"].map((tenant) => ({ arenaBytes: 64, tenant })),
    )
    const world = new World({
      tasks,
      budgetBytes: 1 << 20,
      lanes: 6,
      mode: "continuous",
      weights: { a: 2, b: 1 },
    })
    // a has 0/2, b has 0/1: first come; then the least service per weight each time.
    const { start } = policies.fair(world.snapshot(), 0)
    expect(start).toEqual(["t0", "t6", "t1", "t2", "t7", "t3"])
  })
})

interface Run {
  readonly task: WaitingTask
  readonly startedAtMs: number
}

/** One lane from the first arrival to the last end: what was started, in order. */
const serve = (policy: Policy, tasks: ReadonlyArray<WaitingTask>): ReadonlyArray<Run> => {
  const later = tasks.toSorted((a, b) => a.submittedAtMs - b.submittedAtMs)
  const world = new World({ tasks: [], budgetBytes: 1 << 20, lanes: 1, mode: "continuous" })
  const runs: Array<Run> = []
  let nowMs = 0
  while (later.length > 0 || world.waiting.length > 0) {
    if (world.waiting.length === 0) nowMs = Math.max(nowMs, later[0]!.submittedAtMs)
    while (later.length > 0 && later[0]!.submittedAtMs <= nowMs) {
      world.waiting = [...world.waiting, later.shift()!]
    }
    const decision = policy(world.snapshot(), nowMs)
    const task = world.waiting.find(({ id }) => id === decision.start[0])!
    world.start(decision)
    world.end(0)
    runs.push({ task, startedAtMs: nowMs })
    nowMs += task.predictedMs
  }
  return runs
}

/** An overload of mostly short, mostly urgent tasks: the rest would starve without ageing. */
const overload = (seed: number): ReadonlyArray<WaitingTask> => {
  const random = testRandom(seed)
  let atMs = 0
  return tasksOf(
    Array.from({ length: 60 }, () => {
      const isLong = random.next() < 0.1
      atMs += 30 * random.next()
      return {
        arenaBytes: 64,
        submittedAtMs: atMs,
        predictedMs: isLong ? 100 + 50 * random.next() : 10 + 30 * random.next(),
        priority: isLong ? 0 : random.int(2),
      }
    }),
  )
}

/** Fails, with the seed, where a task was overtaken by one that arrived after its bound. */
const expectBounded = (
  policy: Policy,
  bound: (late: WaitingTask, early: WaitingTask) => number,
) => {
  let overtakings = 0
  for (let seed = 0; seed < 1000; seed++) {
    const runs = serve(policy, overload(seed))
    for (const [at, { task }] of runs.entries()) {
      for (const { task: other } of runs.slice(0, at)) {
        const headStartMs = other.submittedAtMs - task.submittedAtMs
        if (headStartMs <= 0) continue
        overtakings++
        expect(headStartMs, `seed ${seed}: ${other.id} overtook ${task.id}`).toBeLessThanOrEqual(
          bound(other, task),
        )
      }
    }
  }
  expect(overtakings).toBeGreaterThan(1000)
}

describe("the bounds on waiting, in 1,000 seeded runs under overload", () => {
  it("sjf: nothing is overtaken by what arrives predictedMs / ageing later", () => {
    expectBounded(policies.sjf, (_, early) => early.predictedMs / sjfAgeing)
  })

  it("priority: nothing is overtaken by what arrives a step per priority later", () => {
    expectBounded(
      policies.priority,
      (late, early) => (late.priority - early.priority) * priorityStepMs,
    )
  })
})
