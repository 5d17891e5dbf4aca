// Whole networks on the emulated GPU: the reference's numbers in exactly the predicted bytes, nothing
// written beside a buffer, the same bits alone, together and as graphs.
import { Effect } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import { serveGnnSched } from "../../src/runtime/GnnSched.ts"
import { resolveOptions } from "../../src/runtime/options.ts"
import { networkJson } from "../cost/randomNetworks.ts"
import { graphOf, graphOptions, relativeError } from "../runtime/randomGraphs.ts"
import { inThreadPrep } from "../support/inThreadPrep.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"
import { runTask, serveCuda, withCuda } from "./serve.ts"

const serveReference = Effect.gen(function* () {
  const device = yield* openReferenceDevice({ lanes: 1, memoryBytes: 64 * 2 ** 20 })
  const resolved = yield* resolveOptions({ device: "reference" })
  return yield* serveGnnSched({ ...resolved, device, prep: inThreadPrep })
})

const seed = 20261124

/**
 * Graphs with a hub, so that rows are cut into segments, and models of every kind; without GATv2 on the
 * largest, whose shuffles take the emulator half a minute.
 */
const mix = () =>
  [60, 700, 2000].flatMap((nodes, index) =>
    architectures
      .filter((architecture) => nodes < 2000 || architecture !== "GATv2")
      .map((architecture, kind) => ({
        graph: randomGraph({
          nodes,
          edges: nodes * 6,
          width: 20,
          seed: index,
          weighted: index === 1,
          hub: true,
        }),
        model: randomModel({ architecture, width: 20, layers: 3, hidden: 24, seed: kind }),
      })),
  )

export const networkSuite = () => {
  it(`gives the reference's numbers for 60 random networks, seed ${seed}`, () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const cuda = yield* serveCuda({})
          const reference = yield* serveReference
          const networks = networkJson({ maxWidth: 40, maxLayers: 3 })
          const pairs = fc.sample(fc.tuple(networks, graphOptions), { numRuns: 60, seed })
          for (const [index, [config, options]] of pairs.entries()) {
            const graph = graphOf(options, Number(config.in_channels))
            const weights = { seed: options.seed }
            const model: ModelSource = { kind: "arrays", name: "random", config, weights }
            const want = yield* runTask(reference, { graph, model }, `r${index}`)
            const got = yield* runTask(cuda, { graph, model }, `c${index}`)
            expect(relativeError(got.data, want.data), JSON.stringify(config)).toBeLessThan(1e-4)
            expect(got.record.measuredPeakBytes).toBe(got.record.predictedPeakBytes)
          }
        }),
      ) as Effect.Effect<void>,
    ))

  it("gives the same bits alone, with other tasks on every lane, and as CUDA graphs", async () => {
    const sources = mix()
    const alone = await withCuda({ lanes: 1 }, (service) =>
      Effect.forEach(sources, (source, index) => runTask(service, source, `alone${index}`)),
    )
    for (const opTimings of [true, false]) {
      const twice = [...sources, ...sources]
      const together = await withCuda({ lanes: 4, opTimings }, (service) =>
        Effect.forEach(twice, (source, index) => runTask(service, source, `t${index}`), {
          concurrency: "unbounded",
        }),
      )
      for (const [index, { data, record }] of together.entries()) {
        const expected = alone[index % sources.length]!
        expect(Buffer.from(data.buffer).equals(Buffer.from(expected.data.buffer))).toBe(true)
        expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
        expect(record.ops.length > 0).toBe(opTimings)
      }
    }
  })

  it("uses no more memory of the GPU after 300 tasks than after the first", async () => {
    const source = mix()[0]!
    await withCuda({ paint: false, opTimings: false }, (service) =>
      Effect.gen(function* () {
        yield* runTask(service, source, "first")
        const before = (yield* service.report).device.peakBytes
        for (let i = 0; i < 300; i++) yield* runTask(service, source, `again${i}`)
        expect((yield* service.report).device.peakBytes).toBe(before)
      }),
    )
  })
}
