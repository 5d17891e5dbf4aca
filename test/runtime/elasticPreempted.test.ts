// Tasks that the device has no room for, whole, run by a plan of less memory: the same bits, the exact
// bytes, also when they are stopped on the way. On the reference device.
import { describe, expect, it } from "vitest"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions, SubmitInput } from "../../src/runtime/RuntimeApi.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

const width = 64

const open = (options: RuntimeOptions) =>
  Runtime.open({ inProcess: true, device: "reference", lanes: 1, ...options })

const load = async (runtime: RuntimeApi, nodes: number) => ({
  graph: await runtime.loadGraph(randomGraph({ nodes, edges: 6 * nodes, width, seed: 1 })),
  model: await runtime.loadModel(
    randomModel({ architecture: "GraphSAGE", width, layers: 3, hidden: 64, seed: 2 }),
  ),
})

const wholeRun = async (nodes: number) => {
  await using runtime = await open({})
  const { output, record } = await runtime.submit(await load(runtime, nodes)).result
  expect(record.plan).toBe("whole")
  return { data: output.data, peakBytes: record.predictedPeakBytes! }
}

/** Elements of `found` that are not, bit for bit, as expected. */
const differing = (found: Float32Array, expected: Float32Array): number =>
  found.length === expected.length
    ? found.filter((value, at) => !Object.is(value, expected[at])).length
    : Number.POSITIVE_INFINITY

describe("a task larger than the device", () => {
  it.each([0.9, 0.6, 0.45, 0.3])(
    "answers as if it were whole, in %s of the bytes",
    async (part) => {
      const whole = await wholeRun(800)
      await using runtime = await open({ memoryBytes: Math.floor(part * whole.peakBytes) })
      const { output, record } = await runtime.submit(await load(runtime, 800)).result
      expect(record.plan).not.toBe("whole")
      expect(differing(output.data, whole.data)).toBe(0)
      expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
      expect(record.predictedPeakBytes).toBeLessThanOrEqual(part * whole.peakBytes)
    },
  )

  it("is refused where no plan fits, with the bytes of the smallest", async () => {
    const whole = await wholeRun(800)
    await using runtime = await open({ memoryBytes: 64 * 1024 })
    const task = runtime.submit(await load(runtime, 800))
    const error = await task.result.catch((reason) => reason)
    expect(error).toMatchObject({ _tag: "TooLarge", bytesBudget: 64 * 1024 })
    expect(error.bytesNeeded).toBeGreaterThan(64 * 1024)
    expect(error.bytesNeeded).toBeLessThan(whole.peakBytes / 2)
  })

  it("is refused whole where smaller plans are switched off", async () => {
    const { peakBytes: bytesNeeded } = await wholeRun(800)
    await using runtime = await open({ memoryBytes: bytesNeeded - 64, elastic: false })
    const error = await runtime.submit(await load(runtime, 800)).result.catch((reason) => reason)
    expect(error).toMatchObject({ _tag: "TooLarge", bytesNeeded })
  })

  it("goes on with what it had put into host memory, when it gave its lane away", async () => {
    const whole = await wholeRun(4000)
    const memoryBytes = Math.floor(0.5 * whole.peakBytes)
    await using runtime = await open({ memoryBytes, policy: "priority" })
    const [long, short] = [await load(runtime, 4000), await load(runtime, 50)]
    const started = (input: SubmitInput) => {
      const task = runtime.submit(input)
      const running = new Promise<void>((resolve) =>
        task.onState((state) => state === "running" && resolve()),
      )
      return running.then(() => task)
    }
    const task = await started(long)
    for (let i = 0; i < 4; i++) await runtime.submit({ ...short, priority: 1 }).result
    const { output, record } = await task.result
    expect(record.plan).toMatch(/spilled/)
    expect(record.runs.filter(({ end }) => end === "preempted").length).toBeGreaterThan(1)
    expect(differing(output.data, whole.data)).toBe(0)
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
  })
})
