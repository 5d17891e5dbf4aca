// Each fault hurts its own task alone: it ends with a typed reason, or is run once more when the
// fault is transient; the others complete with the right answers and the pool is empty at the end.
import { describe, expect, it } from "vitest"
import type { Fault } from "../../src/model/FaultPlan.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions } from "../../src/runtime/RuntimeApi.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

const count = 12
const victim = "t5"
const target = { task: victim, times: 1, probability: 1 }

const load = async (runtime: RuntimeApi) => ({
  graph: await runtime.loadGraph(randomGraph({ nodes: 800, edges: 5000, width: 12, seed: 3 })),
  model: await runtime.loadModel(randomModel({ architecture: "GraphSAGE", width: 12, seed: 4 })),
})

const expected = async () => {
  await using runtime = await Runtime.open({ inProcess: true, lanes: 1, memoryBytes: 2 ** 26 })
  return (await runtime.submit(await load(runtime)).result).output.data
}

const runWith = async (faults: ReadonlyArray<Fault>, options: RuntimeOptions = {}) => {
  await using runtime = await Runtime.open({
    lanes: 2,
    memoryBytes: 2 ** 26,
    faults: { seed: 7, faults },
    ...options,
  })
  const parts = await load(runtime)
  const tasks = Array.from({ length: count }, (_, i) => runtime.submit({ ...parts, id: `t${i}` }))
  const results = await Promise.allSettled(tasks.map((task) => task.result))
  return { results, report: await runtime.report() }
}

const expectOthersRight = async ({ results, report }: Awaited<ReturnType<typeof runWith>>) => {
  const right = Buffer.from((await expected()).buffer)
  for (const [index, result] of results.entries()) {
    if (`t${index}` === victim) continue
    if (result.status === "rejected") throw result.reason
    expect(Buffer.from(result.value.output.data.buffer).equals(right)).toBe(true)
  }
  const held = new Map<string, number>()
  for (const { kind, label, change, bytes } of report.memory) {
    if (kind !== "arena") continue
    held.set(label, (held.get(label) ?? 0) + (change === "grant" ? bytes : -bytes))
  }
  expect([...held.values()].every((bytes) => bytes === 0)).toBe(true)
}

const permanent: ReadonlyArray<readonly [string, Fault, string, RuntimeOptions]> = [
  [
    "a refused allocation",
    { kind: "allocation", transient: false, ...target },
    "DeviceOutOfMemory",
    {},
  ],
  ["a failing operator", { kind: "op", op: 1, transient: false, ...target }, "OpFailed", {}],
  [
    "a crashing prep worker",
    { kind: "prep-crash", transient: false, ...target },
    "PrepWorkerLost",
    {},
  ],
  [
    "a hanging prep worker",
    { kind: "prep-hang", transient: false, ...target },
    "PrepTimeout",
    { prepTimeoutMs: 1500 },
  ],
]

describe("fault injection", () => {
  it.each(permanent)("%s fails its own task only", async (_, fault, tag, options) => {
    const run = await runWith([fault], options)
    await expectOthersRight(run)
    const hurt = run.results[5]!
    expect(hurt.status).toBe("rejected")
    expect((hurt as PromiseRejectedResult).reason._tag).toBe(tag)
  })

  it.each(permanent)(
    "%s, when transient, is survived by a second run",
    async (_, fault, __, options) => {
      const run = await runWith([{ ...fault, transient: true } as Fault], options)
      await expectOthersRight(run)
      const survived = run.report.tasks.find(({ id }) => id === victim)!
      expect(survived).toMatchObject({ status: "completed", attempts: 2 })
    },
  )

  it("gives up after one retry when a transient fault strikes again", async () => {
    const fault: Fault = { kind: "op", op: 0, transient: true, ...target, times: 2 }
    const run = await runWith([fault])
    await expectOthersRight(run)
    expect(run.report.tasks.find(({ id }) => id === victim)).toMatchObject({
      status: "failed",
      attempts: 2,
      reason: { _tag: "OpFailed", transient: true },
    })
  })

  it("a delayed operator delays its task and changes nothing else", async () => {
    const run = await runWith([{ kind: "delay", op: 1, delayMs: 300, ...target }])
    await expectOthersRight(run)
    const late = run.report.tasks.find(({ id }) => id === victim)!
    expect(late.status).toBe("completed")
    expect(late.finishedAtMs! - late.startedAtMs!).toBeGreaterThanOrEqual(299)
  })

  it("a delayed operator leaves the measured peak what was predicted", async () => {
    const delay: Fault = { kind: "delay", op: 3, delayMs: 1, task: null, times: 1, probability: 1 }
    await using runtime = await Runtime.open({
      inProcess: true,
      lanes: 1,
      memoryBytes: 2 ** 26,
      faults: { seed: 7, faults: [delay] },
    })
    // What comes before the delay touches the features, what comes after it the targets.
    const { record } = await runtime.submit({ ...(await load(runtime)), nodes: [5, 0] }).result
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
  })

  it("an operator that the task's plan does not have hurts nobody", async () => {
    const run = await runWith([{ kind: "op", op: "l9.spmm", transient: false, ...target }])
    expect(run.report.tasks.every(({ status }) => status === "completed")).toBe(true)
  })

  it("a lost lane is started again and its task runs once more", async () => {
    const run = await runWith([{ kind: "lane", op: 1, ...target }])
    await expectOthersRight(run)
    expect(run.report.tasks.find(({ id }) => id === victim)).toMatchObject({
      status: "completed",
      attempts: 2,
    })
  })

  it("a lane that is lost again and again is given up; with none left the rest fails, typed", async () => {
    const run = await runWith([{ kind: "lane", op: 0, task: null, times: 1000, probability: 1 }], {
      lanes: 1,
    })
    const tags = run.results.map((result) =>
      result.status === "rejected" ? result.reason._tag : "completed",
    )
    expect(new Set(tags)).toEqual(new Set(["LaneLost"]))
  })

  it("strikes the same tasks for the same seed", async () => {
    const faults: ReadonlyArray<Fault> = [
      { kind: "allocation", transient: false, task: null, times: 1000, probability: 0.4 },
    ]
    const hurt = async () =>
      (await runWith(faults, { lanes: 1, policy: "sequential" })).report.tasks
        .filter(({ status }) => status === "failed")
        .map(({ id }) => id)
    const first = await hurt()
    expect(first.length).toBeGreaterThan(0)
    expect(first.length).toBeLessThan(count)
    expect(await hurt()).toEqual(first)
  })
})
