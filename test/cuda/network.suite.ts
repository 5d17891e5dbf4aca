// Whole networks on the emulated GPU: the reference's numbers in exactly the predicted bytes, nothing
// written beside a buffer, the same bits alone, together and as graphs.
import { Effect } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import { serveGnnSched } from "../../src/runtime/GnnSched.ts"
import { resolveOptions } from "../../src/runtime/options.ts"
import { networkJson } from "../cost/randomNetworks.ts"
import { graphOf, graphOptions, relativeError } from "../runtime/randomGraphs.ts"
import { inThreadPrep } from "../support/inThreadPrep.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"
import { cudaOptions, freeBytes, runTask, serveCuda, serveDevice, withCuda } from "./serve.ts"

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

  it("gives the same bits alone, with others on every lane, as CUDA graphs, and in slices", async () => {
    const sources = mix()
    const alone = await withCuda({ lanes: 1, sliceBytes: 2 ** 40 }, (service) =>
      Effect.forEach(sources, (source, index) => runTask(service, source, `alone${index}`)),
    )
    const ways = [
      { opTimings: true, sliceBytes: 1 },
      { opTimings: false, sliceBytes: 20_000 },
    ]
    for (const { opTimings, sliceBytes } of ways) {
      const twice = [...sources, ...sources]
      const together = await withCuda({ lanes: 4, opTimings, sliceBytes }, (service) =>
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

  it("takes no memory of the GPU after it was opened, in 1,000 tasks", async () => {
    const sources = mix()
      .filter((_, index) => index % 3 === 0)
      .slice(0, 2)
    for (const opTimings of [true, false]) {
      const options = { ...cudaOptions, lanes: 1, opTimings }
      const run = Effect.gen(function* () {
        const device = yield* openCudaDevice(options)
        const service = yield* serveDevice(device)
        const opened = freeBytes()
        const round = (name: string) =>
          Effect.forEach(sources, (source, index) => runTask(service, source, `${name}${index}`))
        // graphs are made for the plans as they come, and taken again ever after
        yield* round("first")
        const before = { free: freeBytes(), made: (yield* device.stats).gpu!.graphsMade }
        if (opTimings) expect(before).toEqual({ free: opened, made: 0 })
        const rounds = opTimings ? 50 : 500
        for (let i = 0; i < rounds; i++) yield* round(`${i}-`)
        const made = (yield* device.stats).gpu!.graphsMade
        expect({ free: freeBytes(), made }).toEqual(before)
      })
      await Effect.runPromise(Effect.scoped(run) as Effect.Effect<void>)
    }
  })

  it("gives the same numbers by every smaller plan", async () => {
    const graph = randomGraph({ nodes: 700, edges: 4000, width: 90, seed, hub: true })
    for (const architecture of architectures) {
      const shape = { architecture, width: 90, hidden: 64, layers: 3, seed }
      const source = { graph, model: randomModel(shape) }
      const whole = await withCuda({ lanes: 1 }, (service) => runTask(service, source, "whole"))
      const names = new Set<string>()
      for (const [share, opTimings] of [0.85, 0.7, 0.55, 0.45].map(
        (part, i) => [part, i > 1] as const,
      )) {
        const memoryBytes = Math.ceil((whole.record.predictedPeakBytes! * share) / 256) * 256
        const options = { lanes: 1, memoryBytes, opTimings }
        const small = await withCuda(options, (service) => runTask(service, source, "small"))
        names.add(small.record.plan!)
        expect(small.record.measuredPeakBytes).toBe(small.record.predictedPeakBytes)
        expect(small.record.measuredPeakBytes).toBeLessThanOrEqual(memoryBytes)
        // Whole plans fuse layers, smaller ones do not; and how many edges a group of lanes takes at a
        // time follows from the heads it is given.
        expect(relativeError(small.data, whole.data)).toBeLessThan(1e-5)
      }
      expect(names.size).toBeGreaterThan(1)
      expect(names.has("whole")).toBe(false)
    }
  })
}
