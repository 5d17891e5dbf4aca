// Many tasks of many shapes under a budget that holds about a third of them at once: no failure,
// and the bits of every output are those of the task run alone.
import { describe, expect, it } from "vitest"
import { policyNames } from "../../src/model/Snapshot.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi } from "../../src/runtime/RuntimeApi.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"

const graphSizes = [50, 400, 1500, 4000]
const width = 24

const loadMix = async (runtime: RuntimeApi) => {
  const graphs = await Promise.all(
    graphSizes.map((nodes, seed) =>
      runtime.loadGraph(
        randomGraph({ nodes, edges: nodes * 6, width, seed, weighted: seed === 1 }),
      ),
    ),
  )
  const models = await Promise.all(
    architectures.flatMap((architecture, index) =>
      [2, 3].map((layers) =>
        runtime.loadModel(randomModel({ architecture, width, layers, hidden: 32, seed: index })),
      ),
    ),
  )
  return graphs.flatMap((graph) => models.map((model) => ({ graph, model })))
}

const runAll = async (runtime: RuntimeApi, count: number) => {
  const pairs = await loadMix(runtime)
  const tasks = Array.from({ length: count }, (_, i) =>
    runtime.submit({ id: `t${i}`, tenant: `tenant${i % 3}`, ...pairs[i % pairs.length]! }),
  )
  return Promise.allSettled(tasks.map((task) => task.result))
}

/** Outputs of each pair run one at a time on a roomy device. */
const runAlone = async () => {
  await using runtime = await Runtime.open({
    inProcess: true,
    lanes: 1,
    policy: "sequential",
    memoryBytes: 256 * 2 ** 20,
  })
  const outputs: Array<Float32Array> = []
  const footprints: Array<number> = []
  for (const pair of await loadMix(runtime)) {
    const { output, record } = await runtime.submit(pair).result
    outputs.push(output.data)
    footprints.push(record.predictedPeakBytes!)
  }
  return { outputs, footprints }
}

describe("a mix of tasks under a budget for a third of them", { timeout: 180_000 }, () => {
  it("finishes 200 tasks with no failure, bit-equal to each alone, for every policy and mode", async () => {
    const alone = await runAlone()
    // All lanes busy with average tasks would need three times this much.
    const lanes = 6
    const sum = alone.footprints.reduce((total, bytes) => total + bytes, 0)
    const average = sum / alone.footprints.length
    const budget = Math.max(Math.max(...alone.footprints), (lanes * average) / 3)
    for (const policy of policyNames.filter((name) => name !== "unsafe")) {
      for (const mode of ["groups", "continuous"] as const) {
        const memoryBytes = Math.ceil(budget / 64) * 64
        await using runtime = await Runtime.open({
          policy,
          mode,
          lanes,
          memoryBytes,
          shareWork: false,
        })
        const results = await runAll(runtime, policy === "base" ? 200 : 32)
        for (const [index, result] of results.entries()) {
          if (result.status === "rejected") throw result.reason
          const expected = alone.outputs[index % alone.outputs.length]!
          expect(
            Buffer.from(result.value.output.data.buffer).equals(Buffer.from(expected.buffer)),
          ).toBe(true)
          expect(result.value.record.measuredPeakBytes).toBe(result.value.record.predictedPeakBytes)
        }
        const report = await runtime.report()
        expect(report.device.peakBytes).toBeLessThanOrEqual(memoryBytes)
      }
    }
  })

  it("runs out of memory under `unsafe`, which is why the others look first", async () => {
    const alone = await runAlone()
    await using runtime = await Runtime.open({
      policy: "unsafe",
      shareWork: false,
      allowUnsafe: true,
      lanes: 6,
      memoryBytes: Math.ceil((Math.max(...alone.footprints) * 1.5) / 64) * 64,
    })
    const results = await runAll(runtime, 200)
    const reasons = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason._tag] : [],
    )
    expect(new Set(reasons)).toEqual(new Set(["DeviceOutOfMemory"]))
    expect(reasons.length).toBeGreaterThan(0)
    expect(reasons.length).toBeLessThan(200)
  })
})
