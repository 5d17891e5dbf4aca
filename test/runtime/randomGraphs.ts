// Random graphs of every kind that a network must take, and how far two results are apart.
import * as fc from "fast-check"
import type { GraphSource } from "../../src/model/Graph.ts"
import { testRandom } from "../support/random.ts"

export const graphOptions = fc.record({
  nodes: fc.constantFrom(1, 2, 13, 64, 150),
  degree: fc.constantFrom(0, 1, 4, 17),
  hub: fc.boolean(),
  weighted: fc.boolean(),
  sparse: fc.boolean(),
  batched: fc.boolean(),
  seed: fc.integer({ min: 0, max: 2 ** 30 }),
})

export type GraphOptions = typeof graphOptions extends fc.Arbitrary<infer T> ? T : never

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

export const graphOf = (options: GraphOptions, width: number): GraphSource => {
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

/** Largest difference over the largest value of the reference. */
export const relativeError = (got: Float32Array, want: Float32Array): number => {
  let [error, scale] = [0, 1e-6]
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!)
    if (!(off <= error)) error = off
    scale = Math.max(scale, Math.abs(want[i]!))
  }
  return error / scale
}
