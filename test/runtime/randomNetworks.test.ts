// Random networks on random graphs through the whole runtime: the cpu device's float32 beside the
// float64 reference, every option of every architecture, bytes exact each time.
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import { networkJson } from "../cost/randomNetworks.ts"
import { graphOf, graphOptions, relativeError } from "./randomGraphs.ts"
import { runExactly } from "./runExactly.ts"

describe("random networks on random graphs", () => {
  it("give the reference's numbers on the cpu device, in exactly the predicted bytes", async () => {
    const memoryBytes = 64 * 2 ** 20
    await using cpu = await Runtime.open({ memoryBytes, lanes: 1, inProcess: true })
    await using reference = await Runtime.open({
      memoryBytes,
      device: "reference",
      inProcess: true,
    })
    const networks = networkJson({ maxWidth: 40, maxLayers: 4 })
    await fc.assert(
      fc.asyncProperty(networks, graphOptions, async (config, options) => {
        const graph = graphOf(options, Number(config.in_channels))
        const model: ModelSource = {
          kind: "arrays",
          name: "random",
          config,
          weights: { seed: options.seed },
        }
        const want = await runExactly(reference, graph, model)
        const got = await runExactly(cpu, graph, model)
        expect([got.rows, got.cols]).toEqual([want.rows, want.cols])
        expect(relativeError(got.data, want.data)).toBeLessThan(1e-4)
      }),
      { numRuns: 300 },
    )
  })
})
