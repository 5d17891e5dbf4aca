// A task that the device has no room for, whole, and that gives its lane away: it goes on with what its
// plan had put into host memory.
import { expect, it } from "vitest"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions, SubmitInput } from "../../src/runtime/RuntimeApi.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

const width = 64

const open = (options: RuntimeOptions) =>
  Runtime.open({ inProcess: true, lanes: 1, policy: "priority", shareWork: false, ...options })

const load = async (runtime: RuntimeApi, nodes: number) => ({
  graph: await runtime.loadGraph(randomGraph({ nodes, edges: 6 * nodes, width, seed: 1 })),
  model: await runtime.loadModel(
    randomModel({ architecture: "GraphSAGE", width, layers: 4, hidden: 64, seed: 2 }),
  ),
})

const run = async (device: "cpu" | "reference", nodes: number, memoryBytes: number) => {
  await using runtime = await open({ device, memoryBytes })
  return await runtime.submit(await load(runtime, nodes)).result
}

const started = async (runtime: RuntimeApi, input: SubmitInput) => {
  const task = runtime.submit(input)
  await new Promise<void>((resolve) => task.onState((state) => state === "running" && resolve()))
  return task
}

it.each([
  ["cpu", 40_000],
  ["reference", 1500],
] as const)(
  "on the %s device a spilled task that is stopped gives the bits of a whole one",
  async (device, nodes) => {
    const whole = await run(device, nodes, 2 ** 29)
    expect(whole.record.plan).toBe("whole")
    const spilled = await run(device, nodes, Math.floor(0.5 * whole.record.predictedPeakBytes!))
    // Room for the short ones beside it: what is stopped keeps its memory.
    const memoryBytes = spilled.record.predictedPeakBytes! + 2 ** 18
    await using runtime = await open({ device, memoryBytes })
    const [long, short] = [await load(runtime, nodes), await load(runtime, 50)]
    const task = await started(runtime, long)
    for (let i = 0; i < 4; i++) await runtime.submit({ ...short, priority: 1 }).result
    const { output, record } = await task.result
    expect(record.plan).toMatch(/spilled/)
    expect(record.runs[0]).toMatchObject({ end: "preempted" })
    expect(Buffer.from(output.data.buffer).equals(Buffer.from(whole.output.data.buffer))).toBe(true)
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
    expect(record.predictedPeakBytes).toBeLessThanOrEqual(memoryBytes)
  },
)

it("a task larger than the device is refused where smaller plans are switched off", async () => {
  await using roomy = await open({ device: "reference" })
  const { record } = await roomy.submit(await load(roomy, 200)).result
  const bytesNeeded = record.predictedPeakBytes!
  const memoryBytes = bytesNeeded - 64
  await using runtime = await open({ device: "reference", memoryBytes, elastic: false })
  const error = await runtime.submit(await load(runtime, 200)).result.catch((reason) => reason)
  expect(error).toMatchObject({ _tag: "TooLarge", bytesNeeded, bytesBudget: memoryBytes })
})
