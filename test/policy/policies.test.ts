// The policies by example: groups worked out by hand from the published rules.
import { describe, expect, it } from "vitest"
import { policies } from "../../src/policy/policies.ts"
import { groupsOf, tasksOf, World } from "./world.ts"

const KiB = 1024
/** Tasks of these sizes in KiB, with QoS targets where given. */
const queue = (sizes: ReadonlyArray<number>, targets: ReadonlyArray<number | null> = []) =>
  tasksOf(sizes.map((size, at) => ({ arenaBytes: size * KiB, qosTargetMs: targets[at] ?? null })))
const device = { budgetBytes: 20 * KiB, lanes: 4 }

describe("base", () => {
  it("fills in order of arrival and lets nobody overtake", () => {
    const groups = groupsOf(policies.base, { tasks: queue([10, 12, 2, 2, 4, 1]), ...device })
    expect(groups).toEqual([["t0"], ["t1", "t2", "t3", "t4"], ["t5"]])
  })

  it("names the task that waits and what it waits for", () => {
    const world = new World({ tasks: queue([10, 12, 2]), ...device, mode: "continuous" })
    const decision = policies.base(world.snapshot(), 0)
    expect(decision).toEqual({
      start: ["t0"],
      blocked: { id: "t1", reason: "memory" },
      thresholdBytes: null,
    })
    const narrow = new World({ tasks: queue([1, 1]), ...device, lanes: 1, mode: "continuous" })
    expect(policies.base(narrow.snapshot(), 0).blocked).toEqual({ id: "t1", reason: "lane" })
  })
})

describe("lmcf and bmc", () => {
  it("lmcf takes the smallest first, ties by arrival", () => {
    const groups = groupsOf(policies.lmcf, { tasks: queue([9, 2, 14, 2, 7]), ...device })
    expect(groups).toEqual([["t1", "t3", "t4", "t0"], ["t2"]])
  })

  it("bmc takes the smallest and the largest in turn, on through the groups", () => {
    const groups = groupsOf(policies.bmc, { tasks: queue([9, 2, 14, 3, 7, 1]), ...device })
    // sorted 1 2 3 7 9 14: served 1 14 2 | 9 3 7
    expect(groups).toEqual([
      ["t5", "t2", "t1"],
      ["t0", "t3", "t4"],
    ])
  })

  it("bmc ends the group at a task that does not fit and does not try the other end", () => {
    const world = new World({ tasks: queue([5, 18, 6]), ...device, mode: "groups" })
    const decision = policies.bmc(world.snapshot(), 0)
    expect(decision.start).toEqual(["t0"])
    expect(decision.blocked).toEqual({ id: "t1", reason: "memory" })
  })

  it("bmc keeps alternating where only one lane is free at a time", () => {
    const tasks = queue([1, 2, 3, 4, 5, 6])
    const world = new World({ tasks, ...device, lanes: 1, mode: "continuous" })
    const order: Array<string> = []
    while (world.waiting.length > 0) {
      const decision = policies.bmc(world.snapshot(), 0)
      world.start(decision)
      order.push(...decision.start)
      world.end(0)
    }
    expect(order).toEqual(["t0", "t5", "t1", "t4", "t2", "t3"])
  })
})

describe("sqtf and bqt", () => {
  it("sqtf takes the shortest target first and those without one last", () => {
    const tasks = queue([1, 1, 1, 1], [30, null, 10, 30])
    expect(groupsOf(policies.sqtf, { tasks, ...device })).toEqual([["t2", "t0", "t3", "t1"]])
  })

  it("bqt takes the shortest and the longest target in turn", () => {
    const tasks = queue([1, 1, 1, 1, 1], [30, 40, 10, 20, null])
    const wide = { ...device, lanes: 8 }
    expect(groupsOf(policies.bqt, { tasks, ...wide })).toEqual([["t2", "t4", "t3", "t1", "t0"]])
  })

  it("close a group once its bytes exceed ceil(S / ceil(S / budget))", () => {
    const targets = [1, 2, 3, 4, 5, 6]
    const tasks = queue([7, 7, 4, 4, 4, 4], targets)
    const world = new World({ tasks, ...device, lanes: 8, mode: "groups" })
    const decision = policies.sqtf(world.snapshot(), 0)
    // S = 30, two groups of 15: 7 + 7 = 14 does not exceed it, 18 does.
    expect(decision).toEqual({
      start: ["t0", "t1", "t2"],
      blocked: { id: "t3", reason: "threshold" },
      thresholdBytes: 15 * KiB,
    })
  })

  it("never exceed the budget where the prototype would: three tasks of 12 under 20", () => {
    const tasks = queue([12, 12, 12], [1, 2, 3])
    for (const policy of [policies.sqtf, policies.bqt]) {
      const groups = groupsOf(policy, { tasks, ...device })
      expect(groups.map(({ length }) => length)).toEqual([1, 1, 1])
    }
  })

  it("have no threshold in continuous mode", () => {
    const tasks = queue([7, 7, 4, 1, 4, 4], [1, 2, 3, 4, 5, 6])
    const world = new World({ tasks, ...device, lanes: 8, mode: "continuous" })
    const decision = policies.sqtf(world.snapshot(), 0)
    expect(decision).toMatchObject({ start: ["t0", "t1", "t2", "t3"], thresholdBytes: null })
    expect(decision.blocked).toEqual({ id: "t4", reason: "memory" })
  })
})

describe("the baselines", () => {
  it("sequential runs one task at a time in both modes", () => {
    for (const mode of ["groups", "continuous"] as const) {
      const world = new World({ tasks: queue([1, 1]), ...device, mode })
      const first = policies.sequential(world.snapshot(), 0)
      expect(first).toMatchObject({ start: ["t0"], blocked: { id: "t1", reason: "order" } })
      world.start(first)
      expect(policies.sequential(world.snapshot(), 0).start).toEqual([])
    }
  })

  it("unsafe fills the lanes with more than the device holds", () => {
    const world = new World({ tasks: queue([15, 15, 15, 1, 1]), ...device, mode: "continuous" })
    const decision = policies.unsafe(world.snapshot(), 0)
    expect(decision.start).toEqual(["t0", "t1", "t2", "t3"])
    expect(world.start(decision)).toContain(null)
  })
})

describe("memory that tasks share", () => {
  const graph = { key: "graph", bytes: 8 * KiB }
  const sharing = tasksOf([1, 2, 3].map((size) => ({ arenaBytes: size * KiB, residents: [graph] })))

  it("counts a resident graph once for all tasks of a group", () => {
    expect(groupsOf(policies.base, { tasks: sharing, ...device })).toEqual([["t0", "t1", "t2"]])
  })

  it("makes room by evicting what nobody holds", () => {
    const world = new World({ tasks: sharing.slice(0, 1), ...device, mode: "continuous" })
    world.start(policies.base(world.snapshot(), 0))
    world.end(0)
    world.waiting = tasksOf([{ arenaBytes: 20 * KiB }], 9)
    expect(policies.base(world.snapshot(), 0).start).toEqual(["t9"])
    expect(world.layout.view().residents.has("graph")).toBe(true)
  })
})

describe("no lane and nothing to do", () => {
  it.each(Object.entries(policies))("%s starts nothing", (_, policy) => {
    const empty = new World({ tasks: [], ...device, mode: "continuous" })
    expect(policy(empty.snapshot(), 0)).toMatchObject({ start: [], blocked: null })
    const busy = new World({ tasks: queue([1]), ...device, lanes: 0, mode: "continuous" })
    expect(policy(busy.snapshot(), 0)).toMatchObject({
      start: [],
      blocked: { id: "t0", reason: "lane" },
    })
  })

  it.each(Object.entries(policies))("%s adds nothing to a group that runs", (_, policy) => {
    const world = new World({ tasks: queue([1, 1]), ...device, mode: "groups" })
    world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
    expect(policy(world.snapshot(), 0)).toMatchObject({
      start: [],
      blocked: { id: "t1", reason: "order" },
    })
  })
})
