// Real runs on the CPU that give way to urgent ones: the same bits and the same bytes as alone.
import { describe, expect, it } from "vitest"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions, TaskHandle } from "../../src/runtime/RuntimeApi.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

const width = 64

const open = (options: RuntimeOptions) =>
  Runtime.open({ lanes: 1, shareWork: false, memoryBytes: 512 * 2 ** 20, ...options })

/** Some hundreds of milliseconds in 129 operators, each far shorter than any target asked for below. */
const longParts = async (runtime: RuntimeApi) => ({
  graph: await runtime.loadGraph(randomGraph({ nodes: 10_000, edges: 100_000, width, seed: 1 })),
  model: await runtime.loadModel(
    randomModel({ architecture: "GraphSAGE", width, layers: 64, hidden: 96, seed: 2 }),
  ),
})

const shortParts = async (runtime: RuntimeApi) => ({
  graph: await runtime.loadGraph(randomGraph({ nodes: 200, edges: 800, width, seed: 3 })),
  model: await runtime.loadModel(randomModel({ architecture: "GCN", width, seed: 4 })),
})

const bytesOf = (data: Float32Array) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)

const running = (task: TaskHandle) =>
  new Promise<void>((resolve) => task.onState((state) => state === "running" && resolve()))

describe("on the CPU, a long task that gives way to short ones", () => {
  it.each([
    ["of higher priority", "priority", () => ({ priority: 1 })],
    ["whose targets it would break", "slo", (longMs: number) => ({ deadlineMs: longMs / 3 })],
  ] as const)("%s answers with the bits it has alone", async (_, policy, urgency) => {
    await using runtime = await open({ policy })
    const [long, short] = [await longParts(runtime), await shortParts(runtime)]
    const alone = await runtime.submit(long).result
    await runtime.submit(short).result
    expect(alone.record.runs.length).toBe(1)
    const urgent = urgency(alone.record.predictedMs!)

    const task = runtime.submit({ ...long, id: "long" })
    await running(task)
    for (let i = 0; i < 3; i++) {
      const { record } = await runtime.submit({ ...short, id: `short${i}`, ...urgent }).result
      expect(record.status).toBe("completed")
    }
    const { output, record } = await task.result
    expect(bytesOf(output.data).equals(bytesOf(alone.output.data))).toBe(true)
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
    expect(record.ops.map(({ name }) => name)).toEqual(alone.record.ops.map(({ name }) => name))
    expect(record.runs.length).toBeGreaterThan(1)
    expect(record.runs.slice(0, -1).map(({ end }) => end)).not.toContain("completed")
    expect(record.runs[0]).toMatchObject({ end: "preempted", preemptedBy: "short0" })
  })

  it("keeps its lane to the end where preemption is switched off", async () => {
    await using runtime = await open({ policy: "priority", preempt: false })
    const [long, short] = [await longParts(runtime), await shortParts(runtime)]
    const task = runtime.submit(long)
    await running(task)
    await runtime.submit({ ...short, priority: 1 }).result
    expect((await task.result).record.runs.length).toBe(1)
  })

  it("gives its memory back when the runtime is closed while it waits", async () => {
    const runtime = await open({ policy: "priority" })
    const parts = await longParts(runtime)
    const first = runtime.submit(parts)
    await running(first)
    const second = runtime.submit({ ...parts, priority: 1 })
    await running(second)
    expect(first.state).toBe("ready")
    const ends = Promise.allSettled([first.result, second.result])
    await runtime.close()
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"])
  })
})
