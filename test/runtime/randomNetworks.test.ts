// Random networks on random graphs through the whole runtime: the cpu device's float32 beside the
// float64 reference, every option of the four architectures, bytes exact each time.
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi } from "../../src/runtime/RuntimeApi.ts"
import { networkJson } from "../cost/randomNetworks.ts"
import { testRandom } from "../support/random.ts"

const graphOptions = fc.record({
  nodes: fc.constantFrom(1, 2, 13, 64, 150),
  degree: fc.constantFrom(0, 1, 4, 17),
  hub: fc.boolean(),
  weighted: fc.boolean(),
  sparse: fc.boolean(),
  batched: fc.boolean(),
  seed: fc.integer({ min: 0, max: 2 ** 30 }),
})

type GraphOptions = typeof graphOptions extends fc.Arbitrary<infer T> ? T : never

const features = (options: GraphOptions, width: number) => {
  const random = testRandom(options.seed + 1)
  const values = Float32Array.from({ length: options.nodes * width }, random.normal)
  if (!options.sparse) return { kind: "dense", values } as const
  const rowOffsets = new Int32Array(options.nodes + 1)
  const [columns, kept]: [Array<number>, Array<number>] = [[], []]
  for (let row = 0; row < options.nodes; row++) {
    for (let column = 0; column < width; column++) {
      if (random.next() >= 0.2) continue
      columns.push(column)
      kept.push(values[row * width + column]!)
    }
    rowOffsets[row + 1] = columns.length
  }
  const colIndices = Int32Array.from(columns)
  return { kind: "csr", rowOffsets, colIndices, values: Float32Array.from(kept) } as const
}

const graphOf = (options: GraphOptions, width: number): GraphSource => {
  const random = testRandom(options.seed)
  const { nodes, degree } = options
  const edges = nodes * degree
  const edgeIndex = Int32Array.from({ length: 2 * edges }, () => random.int(nodes))
  if (options.hub) edgeIndex.fill(0, edges, edges + Math.floor(edges / 2))
  return {
    kind: "arrays",
    numNodes: nodes,
    edgeIndex,
    features: features(options, width),
    featureWidth: width,
    edgeWeight: options.weighted
      ? Float32Array.from({ length: edges }, () => 0.1 + random.next())
      : null,
    batch: options.batched ? Int32Array.from({ length: nodes }, (_, i) => Math.floor(i / 5)) : null,
    numGraphs: null,
  }
}

const run = async (runtime: RuntimeApi, graph: GraphSource, model: ModelSource) => {
  const { output, record } = await runtime.submit({
    graph: await runtime.loadGraph(graph),
    model: await runtime.loadModel(model),
  }).result
  expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
  return output
}

/** Largest difference over the largest value of the reference. */
const relativeError = (got: Float32Array, want: Float32Array): number => {
  let [error, scale] = [0, 1e-6]
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!)
    if (!(off <= error)) error = off
    scale = Math.max(scale, Math.abs(want[i]!))
  }
  return error / scale
}

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
        const want = await run(reference, graph, model)
        const got = await run(cpu, graph, model)
        expect([got.rows, got.cols]).toEqual([want.rows, want.cols])
        expect(relativeError(got.data, want.data)).toBeLessThan(1e-4)
      }),
      { numRuns: 300 },
    )
  })
})
