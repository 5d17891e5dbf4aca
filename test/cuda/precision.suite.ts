// Networks at every precision on the emulated GPU: near the float64 reference of the same storage, in
// exactly the predicted bytes, nothing written beside a buffer, the same bits as CUDA graphs.
import { Effect } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { Precision } from "../../src/model/precision.ts"
import { serveGnnSched } from "../../src/runtime/GnnSched.ts"
import { resolveOptions } from "../../src/runtime/options.ts"
import { networkJson } from "../cost/randomNetworks.ts"
import { graphOf, graphOptions, relativeError } from "../runtime/randomGraphs.ts"
import { inThreadPrep } from "../support/inThreadPrep.ts"
import { runTask, serveCuda } from "./serve.ts"

const seed = 20261126

const serveReference = (precision: Precision) =>
  Effect.gen(function* () {
    const device = yield* openReferenceDevice({ lanes: 1, memoryBytes: 64 * 2 ** 20 })
    const resolved = yield* resolveOptions({ device: "reference", precision })
    return yield* serveGnnSched({ ...resolved, device, prep: inThreadPrep })
  })

/** Of the largest number in a result, for three layers; the reference multiplies in float64. */
const tolerances = { tf32: 5e-3, fp16: 5e-3, bf16: 4e-2 } as const

export const precisionSuite = () => {
  it.each(["tf32", "fp16", "bf16"] as const)(
    `computes 30 random networks in %s, seed ${seed}`,
    (precision) =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const cuda = yield* serveCuda({ precision })
            const graphs = yield* serveCuda({ precision, opTimings: false })
            const reference = yield* serveReference(precision === "tf32" ? "fp32" : precision)
            const networks = networkJson({ maxWidth: 40, maxLayers: 3 })
            const pairs = fc.sample(fc.tuple(networks, graphOptions), { numRuns: 30, seed })
            for (const [index, [config, options]] of pairs.entries()) {
              const graph = graphOf(options, Number(config.in_channels))
              const weights = { seed: options.seed }
              const model: ModelSource = { kind: "arrays", name: "random", config, weights }
              const want = yield* runTask(reference, { graph, model }, `r${index}`)
              const got = yield* runTask(cuda, { graph, model }, `c${index}`)
              const again = yield* runTask(graphs, { graph, model }, `g${index}`)
              const label = JSON.stringify({ config, options })
              expect(relativeError(got.data, want.data), label).toBeLessThan(tolerances[precision])
              expect(got.record.measuredPeakBytes).toBe(got.record.predictedPeakBytes)
              expect(Buffer.from(again.data.buffer).equals(Buffer.from(got.data.buffer))).toBe(true)
            }
          }),
        ) as Effect.Effect<void>,
      ),
  )
}
