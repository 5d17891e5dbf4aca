// Presets: exactly the published counts, the structure they promise, the same graph for a seed.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Graph } from "../../src/model/Graph.ts"
import { presetNames } from "../../src/prep/presets/catalogue.ts"
import { generatePreset } from "../../src/prep/presets/generatePreset.ts"
import { presetShape } from "../../src/prep/presets/presetShape.ts"
import { thrownBy } from "./files.ts"

/** nodes, edges, width, stored features, graphs: as published. */
const published: Record<string, [number, number, number, number | null, number | null]> = {
  citeseer: [3_327, 9_464, 3_703, 105_165, null],
  cora: [2_708, 10_858, 1_433, 49_216, null],
  pubmed: [19_717, 88_676, 500, 988_031, null],
  "ogbn-arxiv": [169_343, 1_166_243, 128, null, null],
  artist: [50_515, 1_638_396, 100, null, null],
  "soc-BlogCatalog": [88_784, 2_093_195, 128, null, null],
  amazon0601: [403_394, 3_387_388, 96, null, null],
  "ogbn-products": [2_449_029, 61_859_140, 100, null, null],
  PROTEINS_full: [43_471, 162_088, 29, null, 1_113],
  DD: [334_925, 1_686_092, 89, null, 1_178],
  "TWITTER-Real-Graph-Partial": [580_768, 1_435_116, 1_323, null, 144_033],
  Yeast: [1_714_644, 3_636_546, 74, null, 79_601],
  "OVCAR-8H": [1_890_931, 3_946_402, 66, null, 40_516],
  reddit: [232_965, 114_615_892, 602, null, null],
}

const source = (preset: string, scale = 1, seed = 1) =>
  ({ kind: "preset", preset, seed, scale }) as const

interface Edges {
  readonly duplicates: number
  readonly loops: number
  readonly oneWay: number
  readonly maxInDegree: number
}

const countEdges = (graph: Graph): Edges => {
  const { rowOffsets, colIndices } = graph
  const keys = new Set<number>()
  const { numNodes } = graph.shape
  let [loops, oneWay, maxInDegree] = [0, 0, 0]
  for (let row = 0; row < numNodes; row++) {
    maxInDegree = Math.max(maxInDegree, rowOffsets[row + 1]! - rowOffsets[row]!)
    for (let edge = rowOffsets[row]!; edge < rowOffsets[row + 1]!; edge++) {
      keys.add(row * numNodes + colIndices[edge]!)
      if (colIndices[edge] === row) loops++
    }
  }
  for (const key of keys) {
    if (!keys.has((key % numNodes) * numNodes + Math.floor(key / numNodes))) oneWay++
  }
  return { duplicates: graph.shape.numEdges - keys.size, loops, oneWay, maxInDegree }
}

describe("presets", () => {
  it("are all there, each with its published shape, without generating anything", () => {
    expect(presetNames.toSorted()).toEqual(Object.keys(published).toSorted())
    for (const [
      name,
      [numNodes, numEdges, featureWidth, featureNonZeros, numGraphs],
    ] of Object.entries(published)) {
      const shape = { numNodes, numEdges, featureWidth, featureNonZeros, numGraphs }
      expect(presetShape(source(name))).toEqual({ ...shape, hasEdgeWeight: false })
    }
  })

  it.each(["citeseer", "cora", "pubmed", "artist", "PROTEINS_full"])(
    "%s is generated with exactly these counts, both ways, no edge twice",
    (name) => {
      const graph = generatePreset(source(name))
      expect(graph.shape).toEqual(presetShape(source(name)))
      expect(graph.rowOffsets.at(-1)).toBe(published[name]![1])
      expect(countEdges(graph)).toMatchObject({ duplicates: 0, loops: 0, oneWay: 0 })
    },
  )

  it("ends an undirected preset of odd count with one self loop", () => {
    const graph = generatePreset(source("soc-BlogCatalog"))
    expect(countEdges(graph)).toMatchObject({ duplicates: 0, loops: 1, oneWay: 0 })
  })

  it("has hubs of thousands in the power-law presets", () => {
    expect(countEdges(generatePreset(source("artist"))).maxInDegree).toBeGreaterThan(1000)
  })

  it("generates amazon0601 with local order, partly one way, in a few seconds", () => {
    const started = performance.now()
    const graph = generatePreset(source("amazon0601"))
    expect(performance.now() - started).toBeLessThan(10_000)
    const { numNodes, numEdges } = graph.shape
    let near = 0
    for (let row = 0; row < numNodes; row++) {
      for (let edge = graph.rowOffsets[row]!; edge < graph.rowOffsets[row + 1]!; edge++) {
        if (Math.abs(graph.colIndices[edge]! - row) <= 1000) near++
      }
    }
    // By chance alone it would be half a percent.
    expect(near / numEdges).toBeGreaterThan(0.4)
    const { oneWay } = countEdges(graph)
    expect(oneWay / numEdges).toBeCloseTo(0.44, 1)
  })

  it("keeps each graph of a disjoint union to itself, nodes consecutive", () => {
    const graph = generatePreset(source("PROTEINS_full"))
    const offsets = graph.graphOffsets!
    expect([offsets[0], offsets.at(-1), offsets.length]).toEqual([0, 43_471, 1_114])
    for (let g = 0; g + 1 < offsets.length; g++) {
      expect(offsets[g + 1]!).toBeGreaterThan(offsets[g]!)
      const first = graph.rowOffsets[offsets[g]!]!
      const last = graph.rowOffsets[offsets[g + 1]!]!
      for (let edge = first; edge < last; edge++) {
        const other = graph.colIndices[edge]!
        if (other < offsets[g]! || other >= offsets[g + 1]!) expect.fail(`edge ${edge} leaves ${g}`)
      }
    }
  })

  it("gives bags of words distinct ascending columns", () => {
    const { features, shape } = generatePreset(source("cora"))
    if (features.kind !== "csr") return expect.fail("cora is sparse")
    for (let row = 0; row < shape.numNodes; row++) {
      const [first, end] = [features.rowOffsets[row]!, features.rowOffsets[row + 1]!]
      expect(end).toBeGreaterThan(first)
      for (let i = first + 1; i < end; i++) {
        if (features.colIndices[i]! <= features.colIndices[i - 1]!) expect.fail(`row ${row}`)
      }
    }
    expect(Math.max(...features.colIndices)).toBeLessThan(1433)
  })

  it("is the same graph for the same preset, seed and scale, and another for another", () => {
    const id = (preset: string, scale: number, seed: number) =>
      generatePreset(source(preset, scale, seed)).contentId
    const base = id("cora", 0.5, 7)
    expect(id("cora", 0.5, 7)).toBe(base)
    expect(new Set([base, id("cora", 0.5, 8), id("cora", 0.25, 7)]).size).toBe(3)
    expect(id("cora", 0.5, 7 + 2 ** 40)).not.toBe(base)
  })

  it("at any small scale has exactly the shape it promised", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...presetNames),
        fc.double({ min: 1e-7, max: 1e-3, noNaN: true }),
        fc.nat(1000),
        (name, scale, seed) => {
          const at = source(name, scale, seed)
          const graph = generatePreset(at)
          expect(graph.shape).toEqual(presetShape(at))
          expect(countEdges(graph).duplicates).toBe(0)
        },
      ),
      { numRuns: 120 },
    )
  })

  it("refuses an unknown name, a broken scale and a broken seed", () => {
    const refused = (changed: object) =>
      thrownBy(() => presetShape({ ...source("cora"), ...changed }))
    expect(refused({ preset: "korra" })).toMatchObject({ _tag: "BadConfig", found: "korra" })
    expect(refused({ preset: "toString" })).toMatchObject({ path: "preset" })
    for (const scale of [0, -1, 1.5, Number.NaN]) {
      expect(refused({ scale })).toMatchObject({ _tag: "BadConfig", path: "scale" })
    }
    expect(refused({ seed: 0.5 })).toMatchObject({ path: "seed" })
  })
})
