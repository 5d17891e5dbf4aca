// 10,000 random queues, each run to its end under every policy in both modes: no group over the
// budget, no task lost, and the published orders and thresholds kept at every single decision.
// Plain assertions: some million of them, at a tenth of what `expect` costs.
import assert from "node:assert/strict"
import fc from "fast-check"
import { expect, it } from "vitest"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import {
  type Decision,
  type PolicyName,
  policyNames,
  type SchedulingMode,
  type Snapshot,
  type WaitingTask,
} from "../../src/model/Snapshot.ts"
import { withPlan } from "../../src/model/WaitingTask.ts"
import { policies } from "../../src/policy/policies.ts"
import { publishedOrder, publishedThreshold } from "./published.ts"
import { tasksOf, World } from "./world.ts"

const budgetBytes = 4096
const nowMs = 7
/** Powers of two: shares are exact, and equal ones compare as equal. */
const weights = { a: 2, b: 1, c: 0.5 }

/** Graph `g` has (g + 1) * 200 bytes, so any three of them leave room for the largest arena. */
const residents = fc
  .uniqueArray(fc.nat({ max: 3 }), { maxLength: 2 })
  .map((graphs) => graphs.map((graph) => ({ key: `g${graph}`, bytes: (graph + 1) * 200 })))

const queues = fc.record({
  tasks: fc.array(
    fc.record({
      arenaBytes: fc.oneof(fc.nat({ max: 600 }), fc.nat({ max: 2500 }), fc.constant(0)),
      residents,
      qosTargetMs: fc.option(fc.nat({ max: 20 })),
      tenant: fc.constantFrom("a", "b", "c"),
      submittedAtMs: fc.nat({ max: 6 }),
      priority: fc.integer({ min: -1, max: 2 }),
      predictedMs: fc.nat({ max: 8 }),
      smaller: fc.nat({ max: 2 }),
      slower: fc.constantFrom(1.1, 1.5, 4),
    }),
    { maxLength: 14, size: "max" },
  ),
  lanes: fc.integer({ min: 1, max: 5 }),
  /** Which of the running tasks ends next, and whether another decision comes first. */
  choices: fc.infiniteStream(fc.nat({ max: 1000 })),
})

/** Those that start a task with a plan of less memory where that pays. */
const elastic: ReadonlySet<PolicyName> = new Set(["edf", "sjf", "priority", "fair"])

const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

/** The decision, after checking that it is pure: same answer twice, input as it was. */
const decide = (name: PolicyName, snapshot: Snapshot): Decision => {
  deepFreeze(snapshot)
  const residentsBefore = [...snapshot.memory.residents]
  const decision = policies[name](snapshot, nowMs)
  assert.deepEqual(policies[name](snapshot, nowMs), decision)
  assert.deepEqual([...snapshot.memory.residents], residentsBefore)
  return decision
}

/** Why the task after the started ones had to wait, from the rules alone. */
const expectedReason = (name: PolicyName, snapshot: Snapshot, decision: Decision) => {
  const { running, lanesFree, mode } = snapshot
  const started = decision.start.length
  if (mode === "groups" && running.length > 0) return "order"
  if (name === "sequential" && running.length + started > 0) return "order"
  if (started === lanesFree) return "lane"
  const order = publishedOrder(name, snapshot, nowMs)
  const bytes = order.slice(0, started).reduce((sum, task) => sum + task.footprintBytes, 0)
  if (decision.thresholdBytes !== null && bytes > decision.thresholdBytes) return "threshold"
  return "memory"
}

/** `slo` weighs what it sees: it has no order of its own to be held to, but the rest holds. */
const checkWeighed = (snapshot: Snapshot, decision: Decision): void => {
  const { blocked, start } = decision
  const waiting = new Map([...snapshot.waiting].map((task) => [task.id, task]))
  assert.equal(new Set(start).size, start.length)
  assert.ok(start.length <= snapshot.lanesFree)
  if (snapshot.mode === "groups" && snapshot.running.length > 0) assert.equal(start.length, 0)
  else if (snapshot.running.length === 0 && waiting.size > 0) assert.ok(start.length > 0)
  const layout = PoolLayout.fromView(snapshot.memory)
  for (const id of start) {
    const chosen = withPlan(waiting.get(id)!, decision.plans?.[id] ?? 0)
    assert.notEqual(layout.place(chosen), null)
  }
  if (blocked === null) return
  assert.ok(waiting.has(blocked.id) && !start.includes(blocked.id))
}

const checkDecision = (name: PolicyName, snapshot: Snapshot, decision: Decision): void => {
  const order = publishedOrder(name, snapshot, nowMs)
  const { start, blocked, thresholdBytes } = decision
  const first = order.slice(0, start.length)
  assert.deepEqual(
    start,
    first.map(({ id }) => id),
  )
  assert.ok(start.length <= snapshot.lanesFree)
  assert.equal(thresholdBytes, publishedThreshold(name, snapshot))
  if (snapshot.running.length === 0 && order.length > 0) assert.ok(start.length > 0)

  const layout = PoolLayout.fromView(snapshot.memory)
  if (name !== "unsafe") {
    for (const task of first) {
      const plan = decision.plans?.[task.id] ?? 0
      // A smaller plan only where the whole one does not fit, and never as published.
      if (plan > 0) assert.ok(elastic.has(name) && layout.clone().place(task) === null)
      assert.notEqual(layout.place(withPlan(task, plan)), null)
    }
  }
  if (thresholdBytes !== null) {
    const bytes = first.slice(0, -1).reduce((sum, task) => sum + task.footprintBytes, 0)
    assert.ok(bytes <= thresholdBytes)
  }
  const next = order[start.length]
  if (next === undefined) {
    assert.equal(blocked, null)
    return
  }
  const reason = expectedReason(name, snapshot, decision)
  assert.deepEqual(blocked, { id: next.id, reason })
  if (reason === "memory") assert.equal(layout.place(next), null)
}

const runToEnd = (
  name: PolicyName,
  mode: SchedulingMode,
  queue: {
    readonly tasks: ReadonlyArray<WaitingTask>
    readonly lanes: number
    readonly choices: Iterator<number>
  },
): void => {
  const { tasks } = queue
  // Half of them are there at first; the others arrive one by one.
  const here = tasks.slice(0, Math.ceil(tasks.length / 2))
  const later = tasks.slice(here.length)
  const world = new World({ tasks: here, budgetBytes, lanes: queue.lanes, mode, weights })
  const started: Array<string> = []
  while (world.waiting.length > 0 || world.running.length > 0 || later.length > 0) {
    const snapshot = world.snapshot()
    const decision = decide(name, snapshot)
    if (name === "slo") checkWeighed(snapshot, decision)
    else checkDecision(name, snapshot, decision)
    const placements = world.start(decision)
    if (name !== "unsafe") assert.ok(!placements.includes(null))
    started.push(...decision.start)
    if (later.length > 0) world.waiting = [...world.waiting, later.shift()!]
    const choice = queue.choices.next().value as number
    if (world.running.length > 0 && choice % 4 > 0) world.end(choice % world.running.length)
  }
  assert.deepEqual(started.toSorted(), tasks.map(({ id }) => id).toSorted())
  world.layout.evictIdle()
  assert.deepEqual(world.layout.view().free, [{ offset: 0, bytes: budgetBytes }])
}

it("every policy keeps the budget, the lanes, its order and every task, on 10,000 queues", () => {
  let memoryBound = 0
  let queue = 0
  fc.assert(
    fc.property(queues, ({ tasks, lanes, choices }) => {
      const bytes = tasks.reduce((sum, { arenaBytes }) => sum + arenaBytes, 0)
      if (bytes > budgetBytes) memoryBound++
      // Where few tasks wait, slo thinks for a millisecond: it sees a thousand of the queues.
      const slow = queue++ % 10 !== 0
      // Frozen: every run is given the same.
      const waiting = deepFreeze(tasksOf(tasks))
      for (const name of policyNames) {
        if (name === "slo" && slow) continue
        for (const mode of ["groups", "continuous"] as const) {
          runToEnd(name, mode, { tasks: waiting, lanes, choices })
        }
      }
    }),
    { numRuns: 10_000 },
  )
  // The queues must be such that the budget matters.
  expect(memoryBound).toBeGreaterThan(2000)
}, 240_000)
