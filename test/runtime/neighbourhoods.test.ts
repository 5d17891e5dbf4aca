// Tasks for a few nodes of a larger graph, on the CPU: they run on the part that these depend on, and
// answer the very bits that a run of the whole graph has.
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { GraphSource } from "../../src/model/Graph.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { GraphHandle, RuntimeApi } from "../../src/runtime/RuntimeApi.ts"
import { testRandom } from "../support/random.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"

const seed = 11
const [nodes, edges, width] = [40_000, 120_000, 24]
let runtime: RuntimeApi
beforeAll(async () => {
  runtime = await Runtime.open({ memoryBytes: 2 ** 28, lanes: 2, inProcess: true })
})
afterAll(() => runtime.close())

/** The same with features as a CSR matrix of one entry in four. */
const sparse = (source: GraphSource): GraphSource => {
  if (source.kind !== "arrays") throw new Error("made from arrays")
  const random = testRandom(seed)
  const kept = Array.from({ length: nodes * width }, (_, at) => at).filter(() => !random.int(4))
  const rowOffsets = new Int32Array(nodes + 1)
  for (const at of kept) rowOffsets[Math.floor(at / width) + 1]!++
  for (let row = 0; row < nodes; row++) rowOffsets[row + 1]! += rowOffsets[row]!
  const colIndices = Int32Array.from(kept, (at) => at % width)
  const values = Float32Array.from(kept, random.normal)
  return { ...source, features: { kind: "csr", rowOffsets, colIndices, values } }
}

const plain = { nodes, edges, width, seed }
const graphs: ReadonlyArray<readonly [string, GraphSource]> = [
  ["plain", randomGraph(plain)],
  ["weighted", randomGraph({ ...plain, weighted: true })],
  ["with sparse features", sparse(randomGraph(plain))],
]

const rowsOf = (all: Float32Array, targets: ReadonlyArray<number>, cols: number) =>
  Float32Array.from(targets.flatMap((node) => [...all.subarray(node * cols, (node + 1) * cols)]))

describe.each(graphs)("a few nodes of a graph, %s", (_, source) => {
  let graph: GraphHandle
  beforeAll(async () => {
    graph = await runtime.loadGraph(source)
  })

  it.each(architectures)("have the bits of the whole run in %s", async (architecture) => {
    const random = testRandom(seed)
    for (const layers of [1, 2, 3]) {
      const model = await runtime.loadModel(randomModel({ architecture, width, layers, seed }))
      const whole = await runtime.submit({ graph, model }).result
      const targets = Array.from({ length: 4 }, () => random.int(nodes))
      targets.push(targets[0]!)
      const { output, record } = await runtime.submit({ graph, model, nodes: targets }).result
      expect(output.data).toEqual(rowsOf(whole.output.data, targets, output.cols))
      expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
      expect(record.predictedPeakBytes).toBeLessThan(whole.record.predictedPeakBytes! / 3)
    }
  })
})

it("a target whose neighbourhood is much of the graph runs the whole", async () => {
  const graph = await runtime.loadGraph(randomGraph({ ...plain, hub: true }))
  const model = await runtime.loadModel(randomModel({ architecture: "GCN", width, seed }))
  const whole = await runtime.submit({ graph, model }).result
  const { output, record } = await runtime.submit({ graph, model, nodes: [0, 17] }).result
  expect(output.data).toEqual(rowsOf(whole.output.data, [0, 17], output.cols))
  expect(record.predictedPeakBytes).toBeGreaterThan(whole.record.predictedPeakBytes! / 3)
})

it("a few nodes run where the whole graph has no room", async () => {
  await using tight = await Runtime.open({ memoryBytes: 2 ** 21, lanes: 1, inProcess: true })
  const load = async (into: RuntimeApi) => ({
    graph: await into.loadGraph(randomGraph(plain)),
    model: await into.loadModel(randomModel({ architecture: "GAT", width, seed })),
  })
  const parts = await load(tight)
  await expect(tight.submit(parts).result).rejects.toMatchObject({ _tag: "TooLarge" })
  const { output } = await tight.submit({ ...parts, nodes: [3, 39_999] }).result
  const whole = await runtime.submit(await load(runtime)).result
  expect(output.data).toEqual(rowsOf(whole.output.data, [3, 39_999], output.cols))
})
