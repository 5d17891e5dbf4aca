// The embedded API's precision: results stay float32 and near, memory is what was predicted, and a
// device that cannot compute so says which ones it can.
import { describe, expect, it } from "vitest"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeOptions } from "../../src/runtime/RuntimeApi.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"
import { relativeError } from "./randomGraphs.ts"

const runAll = async (options: RuntimeOptions) => {
  await using runtime = await Runtime.open({ inProcess: true, memoryBytes: 2 ** 26, ...options })
  const graph = await runtime.loadGraph(
    randomGraph({ nodes: 300, edges: 1500, width: 20, seed: 5, weighted: false, hub: true }),
  )
  return await Promise.all(
    architectures.map(async (architecture) => {
      const source = randomModel({ architecture, width: 20, layers: 3, hidden: 24, seed: 6 })
      const model = await runtime.loadModel(source)
      const { output, record } = await runtime.submit({ graph, model }).result
      expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
      return output.data
    }),
  )
}

describe("a runtime's precision", () => {
  it("is kept by the reference device, which rounds what it stores", async () => {
    const exact = await runAll({ device: "reference" })
    for (const precision of ["fp16", "bf16"] as const) {
      const rounded = await runAll({ device: "reference", precision })
      const errors = rounded.map((data, i) => relativeError(data, exact[i]!))
      expect(Math.max(...errors)).toBeLessThan(precision === "fp16" ? 5e-3 : 3e-2)
      expect(Math.max(...errors)).toBeGreaterThan(1e-5)
    }
  })

  it.each([
    ["cpu", "bf16", "one of fp32 on the cpu device"],
    ["reference", "tf32", "one of fp32, fp16, bf16 on the reference device"],
    ["cuda", "fp8", "one of fp32, tf32, fp16, bf16 on the cuda device"],
  ] as const)("on %s is refused as %s", async (device, precision, expected) => {
    const options = { device, precision: precision as "fp16", inProcess: true }
    const error = await Runtime.open(options).then(
      () => null,
      (reason) => reason,
    )
    expect(error).toMatchObject({
      _tag: "BadConfig",
      path: "precision",
      expected,
      found: precision,
    })
  })
})
