// GCN's normalisation against PyG's own steps, done edge by edge on the edge list.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Graph } from "../../src/model/Graph.ts"
import { gcnScale, gcnSelfWeight } from "../../src/prep/gcnNorm.ts"
import { loadArrays } from "../../src/prep/graphArrays.ts"
import { thrownBy } from "./files.ts"

interface EdgeList {
  readonly numNodes: number
  readonly edges: ReadonlyArray<readonly [source: number, target: number, weight: number]>
  readonly weighted: boolean
}

const graphOf = ({ numNodes, edges, weighted }: EdgeList): Graph =>
  loadArrays({
    kind: "arrays",
    numNodes,
    edgeIndex: Int32Array.from([...edges.map((e) => e[0]), ...edges.map((e) => e[1])]),
    features: { kind: "dense", values: new Float32Array(numNodes) },
    featureWidth: 1,
    edgeWeight: weighted ? Float32Array.from(edges, (edge) => edge[2]) : null,
    batch: null,
    numGraphs: null,
  })

type Matrix = ReadonlyArray<Float64Array>
const zeros = (n: number): Matrix => Array.from({ length: n }, () => new Float64Array(n))

/** gcn_norm of torch_geometric: add_remaining_self_loops, ones, scatter, product; target × source. */
const pygNorm = ({ numNodes, edges, weighted }: EdgeList, fill: number): Matrix => {
  let list = edges.map(([source, target, weight]) => ({
    source,
    target,
    weight: weighted ? Math.fround(weight) : null,
  }))
  if (fill !== 0) {
    const loops = Array.from({ length: numNodes }, () => (weighted ? fill : null))
    for (const { source, target, weight } of list) if (source === target) loops[source] = weight
    list = list.filter(({ source, target }) => source !== target)
    for (const [node, weight] of loops.entries()) list.push({ source: node, target: node, weight })
  }
  const degree = new Float64Array(numNodes)
  for (const { target, weight } of list) degree[target]! += weight ?? 1
  const inverse = degree.map((d) => (d === 0 ? 0 : d ** -0.5))
  const matrix = zeros(numNodes)
  for (const { source, target, weight } of list) {
    matrix[target]![source]! += inverse[source]! * (weight ?? 1) * inverse[target]!
  }
  return matrix
}

/** What the device makes of the derived vectors (SpmmOp with skipSelf and the self term). */
const ourNorm = (graph: Graph, fill: number): Matrix => {
  const scale = gcnScale(graph, fill)
  const loops = fill === 0 ? null : gcnSelfWeight(graph, fill)
  const matrix = zeros(graph.shape.numNodes)
  for (const [row, into] of matrix.entries()) {
    for (let edge = graph.rowOffsets[row]!; edge < graph.rowOffsets[row + 1]!; edge++) {
      const source = graph.colIndices[edge]!
      if (loops !== null && source === row) continue
      into[source]! += scale[row]! * (graph.edgeWeight?.[edge] ?? 1) * scale[source]!
    }
    if (loops !== null) into[row]! += scale[row]! * loops[row]! * scale[row]!
  }
  return matrix
}

const edgeLists: fc.Arbitrary<EdgeList> = fc.integer({ min: 1, max: 7 }).chain((numNodes) =>
  fc.record({
    numNodes: fc.constant(numNodes),
    weighted: fc.boolean(),
    edges: fc.array(
      fc.tuple(
        fc.nat(numNodes - 1),
        fc.nat(numNodes - 1),
        fc.double({ min: 0, max: 4, noNaN: true }),
      ),
      { maxLength: 25 },
    ),
  }),
)

describe("GCN's normalisation", () => {
  it("is PyG's for loops, duplicates, weights and every fill", () => {
    fc.assert(
      fc.property(edgeLists, fc.constantFrom(0, 1, 2), (list, fill) => {
        const [ours, theirs] = [ourNorm(graphOf(list), fill), pygNorm(list, fill)]
        for (const [row, values] of theirs.entries()) {
          for (const [col, value] of values.entries()) {
            const error = Math.abs(ours[row]![col]! - value)
            expect(error).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(value)))
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  const loops = [
    [0, 0, 3],
    [1, 0, 1],
    [0, 0, 5],
  ] as const

  it("keeps the last stored loop's weight and fills the others", () => {
    const graph = graphOf({ numNodes: 2, edges: loops, weighted: true })
    expect([...gcnSelfWeight(graph, 2)]).toEqual([5, 2])
    expect([...gcnScale(graph, 2)]).toEqual([6, 2].map((d) => Math.fround(d ** -0.5)))
  })

  it("counts stored loops as edges when none are added", () => {
    const graph = graphOf({ numNodes: 2, edges: loops, weighted: true })
    expect([...gcnScale(graph, 0)]).toEqual([Math.fround(9 ** -0.5), 0])
  })

  it("weighs loops 1 without edge weights, improved or not, as PyG does", () => {
    const graph = graphOf({ numNodes: 2, edges: loops, weighted: false })
    expect([...gcnSelfWeight(graph, 2)]).toEqual([1, 1])
    expect(gcnScale(graph, 2)).toEqual(gcnScale(graph, 1))
  })

  it("refuses a negative degree with its node and value", () => {
    const edges = [[1, 0, -3]] as const
    const graph = graphOf({ numNodes: 2, edges, weighted: true })
    expect(thrownBy(() => gcnScale(graph, 1))).toMatchObject({
      _tag: "BadFile",
      place: "degree of node 0",
      found: "-2",
    })
  })
})
