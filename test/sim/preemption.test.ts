// A run gives its lane to an urgent task at an operator boundary and loses nothing by it but time.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { limits } from "../../src/model/limits.ts"
import type { PolicyName } from "../../src/model/Snapshot.ts"
import { type Bench, expectSound, simulate, taskOf } from "./longAndShort.ts"

const responseMs = (report: Parameters<typeof taskOf>[0], id: string): number => {
  const { finishedAtMs, submittedAtMs } = taskOf(report, id)
  return finishedAtMs! - submittedAtMs
}

/** Two long tasks hold both lanes when a short one comes whose target is a sixth of their length. */
const urgentComes = ({ submit }: Bench) =>
  Effect.gen(function* () {
    yield* submit("long", "a")
    yield* submit("long", "b")
    yield* Effect.sleep(300)
    yield* submit("short", "urgent", { deadlineMs: 400 })
  })

describe("a short task with a target, behind long ones", () => {
  it("waits for the end of the first of them where nothing is stopped", async () => {
    const report = await simulate({ lanes: 2, preempt: false }, urgentComes)
    expect(responseMs(report, "urgent")).toBeGreaterThan(2000)
    expectSound(report)
  })

  it("is given a lane at the next operator boundary", async () => {
    const report = await simulate({ lanes: 2 }, urgentComes)
    expect(responseMs(report, "urgent")).toBeLessThan(200)
    const stopped = report.tasks.find(({ runs }) => runs.length > 1)!
    expect(stopped.runs).toMatchObject([
      { end: "preempted", preemptedBy: "urgent" },
      { end: "completed", preemptedBy: null },
    ])
    expectSound(report)
  })

  it("costs the run that is stopped the time it is away, and no finished operator", async () => {
    const report = await simulate({ lanes: 2 }, urgentComes)
    const stopped = report.tasks.find(({ runs }) => runs.length > 1)!
    const ranMs = stopped.runs.reduce((sum, run) => sum + run.endedAtMs! - run.startedAtMs, 0)
    expect(ranMs).toBeCloseTo(stopped.predictedMs!, 3)
    const [first, second] = stopped.runs
    expect(second!.startedAtMs - first!.endedAtMs!).toBeCloseTo(
      taskOf(report, "urgent").predictedMs!,
      3,
    )
    expect(stopped.ops.length).toBe(20)
    for (const [at, op] of stopped.ops.slice(1).entries()) {
      expect(op.startMs).toBeGreaterThanOrEqual(stopped.ops[at]!.endMs - 1e-6)
    }
    const log = report.decisions.find(({ preempt }) => preempt !== undefined)!
    expect(log).toMatchObject({
      start: [],
      preempt: [stopped.id],
      blocked: { id: "urgent", reason: "lane" },
    })
  })

  /** One of its size waits already. */
  const withAnother = (deadlineMs: number) =>
    simulate({ lanes: 1 }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "a")
        yield* Effect.sleep(200)
        yield* submit("short", "earlier")
        yield* Effect.sleep(100)
        yield* submit("short", "urgent", { deadlineMs })
      }),
    )

  it("has the lane that was given for it, before others that wait", async () => {
    const report = await withAnother(115)
    const [stopped] = taskOf(report, "a").runs
    expect(stopped).toMatchObject({ end: "preempted", preemptedBy: "urgent" })
    expect(taskOf(report, "urgent").startedAtMs).toBe(stopped!.endedAtMs)
    expect(taskOf(report, "earlier").startedAtMs).toBeGreaterThan(stopped!.endedAtMs!)
  })

  it("lets the policy's choice go by where its target leaves the time, and what was stopped wait", async () => {
    const report = await withAnother(400)
    const [stopped] = taskOf(report, "a").runs
    expect(stopped).toMatchObject({ end: "preempted", preemptedBy: "urgent" })
    expect(taskOf(report, "earlier").startedAtMs).toBe(stopped!.endedAtMs)
    expect(taskOf(report, "urgent").startedAtMs).toBe(taskOf(report, "earlier").finishedAtMs)
    expect(taskOf(report, "a").runs[1]!.startedAtMs).toBe(taskOf(report, "urgent").finishedAtMs)
    expect(responseMs(report, "urgent")).toBeLessThan(400)
  })

  it("stops the run that has the more to spare", async () => {
    const report = await simulate({ lanes: 2 }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "a", { deadlineMs: 3000 })
        yield* submit("long", "b", { deadlineMs: 9000 })
        yield* Effect.sleep(300)
        yield* submit("short", "urgent", { deadlineMs: 400 })
      }),
    )
    expect(taskOf(report, "b").runs.length).toBe(2)
    for (const { deadlineMs, id } of report.tasks) {
      expect(responseMs(report, id)).toBeLessThan(deadlineMs!)
    }
  })

  it("does not stop a run for a target that cannot be met any more", async () => {
    const report = await simulate({ lanes: 2 }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "a")
        yield* submit("long", "b")
        yield* Effect.sleep(300)
        yield* submit("short", "hopeless", { deadlineMs: 5 })
      }),
    )
    for (const { runs } of report.tasks) expect(runs.length).toBe(1)
  })

  it.each(["base", "edf", "sjf", "fair", "sequential", "bmc"] as const)(
    "waits under %s, which stops nothing",
    async (policy) => {
      const report = await simulate({ lanes: 2, policy }, urgentComes)
      for (const { runs } of report.tasks) expect(runs.length).toBe(1)
    },
  )

  it("waits in groups mode, where nothing joins what runs", async () => {
    const report = await simulate({ lanes: 2, mode: "groups" }, urgentComes)
    for (const { runs } of report.tasks) expect(runs.length).toBe(1)
  })
})

describe("a task of higher priority", () => {
  const comes = ({ submit }: Bench, priority: number) =>
    Effect.gen(function* () {
      yield* submit("long", "low", { priority: 1 })
      yield* submit("long", "middle", { priority: 2 })
      yield* Effect.sleep(300)
      yield* submit("short", "next", { priority })
    })

  it("takes the lane of the lowest", async () => {
    const report = await simulate({ lanes: 2, policy: "priority" }, (bench) => comes(bench, 3))
    expect(taskOf(report, "low").runs.map(({ preemptedBy }) => preemptedBy)).toEqual(["next", null])
    expect(taskOf(report, "middle").runs.length).toBe(1)
    expectSound(report)
  })

  it("takes no lane of its equals", async () => {
    const report = await simulate({ lanes: 2, policy: "priority" }, (bench) => comes(bench, 1))
    for (const { runs } of report.tasks) expect(runs.length).toBe(1)
  })
})

describe("a task that gave its lane", () => {
  const many = 3 * limits.maxPreemptions

  it.each<PolicyName>(["slo", "priority"])(
    "does so no more than its bound says, under %s",
    async (policy) => {
      const report = await simulate({ lanes: 1, policy }, ({ submit }) =>
        Effect.gen(function* () {
          yield* submit("long", "patient")
          for (let i = 0; i < many; i++) {
            yield* Effect.sleep(60)
            yield* submit("short", `u${i}`, { deadlineMs: 250, priority: 1 })
          }
        }),
      )
      const { runs, status } = taskOf(report, "patient")
      expect(status).toBe("completed")
      expect(runs.filter(({ end }) => end === "preempted").length).toBe(limits.maxPreemptions)
      expectSound(report)
    },
  )

  /** Stopped at its first boundary after 300 ms, and then kept waiting by one that is more urgent. */
  const keptWaiting = ({ submit }: Bench) =>
    Effect.gen(function* () {
      const first = yield* submit("long", "first", { deadlineMs: 3000 })
      yield* Effect.sleep(300)
      yield* submit("long", "second", { deadlineMs: 2800, priority: 1 })
      yield* Effect.sleep(500)
      return first
    })

  it("can be cancelled while it waits, and gives its memory back", async () => {
    const report = await simulate({ lanes: 1, policy: "priority" }, (bench) =>
      Effect.gen(function* () {
        const first = yield* keptWaiting(bench)
        expect(yield* first.state).toBe("ready")
        yield* first.cancel
      }),
    )
    expect(taskOf(report, "first")).toMatchObject({
      status: "cancelled",
      reason: { _tag: "TaskCancelled", state: "ready" },
      runs: [{ end: "preempted", preemptedBy: "second" }],
    })
    expectSound(report)
  })

  it("can expire while it waits, and gives its memory back", async () => {
    const options = { lanes: 1, policy: "priority", lateTasks: "expire" } as const
    const report = await simulate(options, (bench) =>
      Effect.gen(function* () {
        yield* bench.submit("long", "first", { deadlineMs: 2600 })
        yield* Effect.sleep(300)
        yield* bench.submit("long", "second", { priority: 1 })
      }),
    )
    expect(taskOf(report, "first")).toMatchObject({
      status: "expired",
      runs: [{ end: "preempted" }],
    })
    expectSound(report)
  })

  /** The stop is asked for at 300 ms and comes with the end of an operator, some 50 ms later. */
  const whileStopping = (options: Parameters<typeof simulate>[0], then: "victim" | "urgent") =>
    simulate({ lanes: 1, policy: "priority", ...options }, ({ submit }) =>
      Effect.gen(function* () {
        const victim = yield* submit("long", "victim")
        yield* Effect.sleep(300)
        const urgent = yield* submit("short", "urgent", { priority: 1 })
        yield* Effect.sleep(10)
        yield* (then === "victim" ? victim : urgent).cancel
      }),
    )

  it("can be cancelled while it is being stopped, and the other has its lane", async () => {
    const report = await whileStopping({}, "victim")
    expect(taskOf(report, "victim")).toMatchObject({
      status: "cancelled",
      runs: [{ end: "cancelled", preemptedBy: null }],
    })
    expect(taskOf(report, "urgent").status).toBe("completed")
    expectSound(report)
  })

  it("goes on at once where the other is gone by then", async () => {
    const report = await whileStopping({}, "urgent")
    const { runs } = taskOf(report, "victim")
    expect(runs.map(({ end }) => end)).toEqual(["preempted", "completed"])
    expect(runs[1]!.startedAtMs).toBe(runs[0]!.endedAtMs)
    expect(taskOf(report, "urgent")).toMatchObject({ status: "cancelled", runs: [] })
    expectSound(report)
  })

  it("goes on where the next in line waits for the memory that it holds", async () => {
    // Two long tasks fit, 225 MiB, and not a third.
    const options = { lanes: 1, policy: "priority", elastic: false } as const
    const report = await simulate({ ...options, memoryBytes: 260 * 2 ** 20 }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "first")
        yield* Effect.sleep(300)
        yield* submit("long", "second", { priority: 1 })
        yield* Effect.sleep(300)
        yield* submit("short", "third", { priority: 2 })
        yield* Effect.sleep(10)
        yield* submit("long", "last", { priority: 9 })
      }),
    )
    expect(taskOf(report, "first").runs[0]!.end).toBe("preempted")
    expect(taskOf(report, "second").runs[0]!.end).toBe("preempted")
    for (const { status } of report.tasks) expect(status).toBe("completed")
    expectSound(report)
  })

  it("is not stopped in its last operator, whose end is as near", async () => {
    const report = await simulate({ lanes: 1, policy: "priority" }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "victim")
        yield* Effect.sleep(2422)
        yield* submit("short", "urgent", { priority: 1 })
      }),
    )
    expect(taskOf(report, "victim").runs.length).toBe(1)
  })

  it("starts from its beginning when the lane on which it went on is lost", async () => {
    const lost = { kind: "lane", task: "first", op: 15, times: 1, probability: 1 } as const
    const options = { lanes: 1, policy: "priority", faults: { seed: 1, faults: [lost] } } as const
    const report = await simulate(options, keptWaiting)
    const first = taskOf(report, "first")
    expect(first.runs.map(({ end }) => end)).toEqual(["preempted", "failed", "completed"])
    expect(first.ops.length).toBe(20)
    expectSound(report)
  })
})
