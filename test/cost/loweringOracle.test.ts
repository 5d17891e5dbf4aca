import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cpuProfile, cudaProfile } from "../../src/cost/DeviceProfile.ts"
import { loadGnnModel } from "../../src/prep/model/loadModel.ts"
import { testRandom } from "../support/random.ts"
import { type ArraysGraph, runPlanned } from "./plannedRun.ts"
import { pygForward } from "./pygForward.ts"
import { networkJson } from "./randomNetworks.ts"

interface GraphChoice {
  readonly nodes: number
  readonly edges: number
  readonly sparse: boolean
  readonly weighted: boolean
  readonly graphs: number | null
  readonly seed: number
}

const graphChoice: fc.Arbitrary<GraphChoice> = fc.record({
  nodes: fc.integer({ min: 1, max: 12 }),
  edges: fc.integer({ min: 0, max: 40 }),
  sparse: fc.boolean(),
  weighted: fc.boolean(),
  graphs: fc.option(fc.integer({ min: 1, max: 4 })),
  seed: fc.integer(),
})

const sparseOf = (x: ReadonlyArray<ReadonlyArray<number>>): ArraysGraph["features"] => {
  const rowOffsets = [0]
  const colIndices: number[] = []
  const values: number[] = []
  for (const row of x) {
    row.forEach((value, c) => {
      if (value === 0) return
      colIndices.push(c)
      values.push(value)
    })
    rowOffsets.push(values.length)
  }
  return {
    kind: "csr",
    rowOffsets: Int32Array.from(rowOffsets),
    colIndices: Int32Array.from(colIndices),
    values: Float32Array.from(values),
  }
}

const makeGraph = (choice: GraphChoice, width: number) => {
  const random = testRandom(choice.seed)
  const { nodes, edges, graphs } = choice
  const x = Array.from({ length: nodes }, () =>
    Array.from({ length: width }, () => (random.next() < 0.4 ? 0 : Math.fround(random.normal()))),
  )
  const batch = Int32Array.from({ length: nodes }, () => random.int(graphs ?? 1)).sort()
  const graph: ArraysGraph = {
    kind: "arrays",
    numNodes: nodes,
    edgeIndex: Int32Array.from({ length: 2 * edges }, () => random.int(nodes)),
    features: choice.sparse ? sparseOf(x) : { kind: "dense", values: Float32Array.from(x.flat()) },
    featureWidth: width,
    edgeWeight: choice.weighted
      ? Float32Array.from({ length: edges }, () => 0.1 + random.next())
      : null,
    batch: graphs === null ? null : batch,
    numGraphs: graphs,
  }
  return { graph, x }
}

const cases = fc.record({
  json: networkJson({ maxWidth: 9, maxLayers: 4 }),
  choice: graphChoice,
  targets: fc.option(fc.array(fc.nat(), { maxLength: 5 })),
  profile: fc.constantFrom(cpuProfile, cudaProfile),
})

describe("the plans of random networks", () => {
  it("give the numbers of PyG's forward methods, whatever the order and the folds", () => {
    const orders = { "gemm first": 0, "aggregate first": 0, fused: 0 }
    let chance = 0
    fc.assert(
      fc.property(cases, ({ json, choice, targets: picks, profile }) => {
        const config = { ...json }
        const weights = { seed: choice.seed }
        const model = loadGnnModel({ kind: "arrays", name: "random", config, weights })
        const { graph, x } = makeGraph(choice, model.config.inWidth)
        const pooled = model.config.pooling !== null
        const targets = pooled || picks === null ? null : picks.map((n) => n % graph.numNodes)
        const run = runPlanned({ graph, model, targets, profile })
        const { cancelled, rows: expected } = pygForward(model, graph, x, targets)
        expect([run.rows, run.cols]).toEqual([expected.length, model.config.outWidth])
        if (cancelled) {
          chance++
          return
        }
        // Packed weights are float32. Where large terms cancel (a sum over hubs, then a BatchNorm)
        // a rounding of one of them shows at 1e-4 of the result; a wrong lowering shows at 1e-2.
        expected.flat().forEach((value, i) => {
          const off = Math.abs(run.data[i]! - value)
          if (!(off <= 5e-4 * (1 + Math.abs(value))))
            throw new Error(`value ${i} is ${run.data[i]} for ${value}`)
        })
        const first = run.plan.ops.find((op) => /\.(multiply|aggregate|fused)$/.test(op.name))
        const order = /[^.]*$/.exec(first?.name ?? "")![0]
        if (order === "fused") orders.fused++
        else orders[order === "multiply" ? "gemm first" : "aggregate first"]++
        if (profile === cpuProfile)
          expect(run.plan.ops.some(({ kind }) => kind === "aggGemm")).toBe(false)
      }),
      { numRuns: 2000 },
    )
    expect(chance).toBeLessThan(10)
    expect(orders["gemm first"]).toBeGreaterThan(100)
    expect(orders["aggregate first"]).toBeGreaterThan(100)
    expect(orders.fused).toBeGreaterThan(100)
  })
})
