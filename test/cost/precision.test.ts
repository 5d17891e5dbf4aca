// What a precision changes in a plan: the bytes of activations and how products are made, and
// nothing of results, weights and features.
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { cudaProfile } from "../../src/cost/DeviceProfile.ts"
import { planTask } from "../../src/cost/planTask.ts"
import { operandUses } from "../../src/model/operandUses.ts"
import { alignUp, type Plan } from "../../src/model/Plan.ts"
import { type Precision, storageOf } from "../../src/model/precision.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"

const nodes = 3000
/** So many that no layer is fused: then the operators are the same in every precision. */
const edges = 40 * nodes

const planOf = (precision: Precision, json: object, targets: number | null = null): Plan => {
  const config = parseGnnConfig(
    { in_channels: 32, hidden_channels: 64, out_channels: 7, num_layers: 3, ...json },
    "m.json",
  )
  const shape = {
    numNodes: nodes,
    numEdges: edges,
    featureWidth: 32,
    featureNonZeros: null,
    hasEdgeWeight: false,
    numGraphs: null,
  }
  const profile = { ...cudaProfile, precision }
  return Result.getOrThrow(planTask({ config, shape, targets, alignBytes: 256, profile }))
}

const bufferBytes = (plan: Plan) =>
  new Map(plan.buffers.map(({ name, bytes }) => [name, bytes] as const))

describe("a plan's precision", () => {
  const networks = [
    { architecture: "GCN" },
    { architecture: "GIN" },
    { architecture: "GraphSAGE", normalize: true },
    { architecture: "GraphSAGE", project: true },
    { architecture: "GraphSAGE", aggr: "max" },
  ]

  it.each(networks)("halves the activations between the layers of %o", (json) => {
    for (const precision of ["fp16", "bf16"] as const) {
      const plan = planOf(precision, json)
      const stored = storageOf(precision)
      for (const op of plan.ops) {
        for (const { field, operand } of operandUses(op)) {
          const isFloat32 = operand.slot >= 0 || field === "memory.scratch"
          const found = `${op.name} ${field} ${operand.storage}`
          if (isFloat32) expect(operand.storage, found).toBeUndefined()
          else expect([undefined, stored], found).toContain(operand.storage)
        }
      }
      const result = operandUses(plan.ops.at(-1)!).find(({ field }) => /^[cy]$/.test(field))!
      expect(result.operand.storage).toBeUndefined()
      const bytes = bufferBytes(plan)
      expect(bytes.get("l0.out")).toBe(alignUp(nodes * 64 * 2, 256))
      expect(bytes.get("l2.out")).toBe(alignUp(nodes * 7 * 4, 256))
      expect(plan.arenaBytes).toBeLessThan(0.65 * planOf("fp32", json).arenaBytes)
    }
  })

  it("keeps the float32 layout for tf32 and says so to the products", () => {
    for (const json of [...networks, { architecture: "GAT", heads: 4 }]) {
      const [exact, fast] = [planOf("fp32", json), planOf("tf32", json)]
      expect(fast.arenaBytes).toBe(exact.arenaBytes)
      const products = fast.ops.filter((op) => op.kind === "gemm").map((op) => op.products)
      expect(new Set(products)).toEqual(new Set(["tf32"]))
      expect(exact.ops.every((op) => op.kind !== "gemm" || op.products === undefined)).toBe(true)
    }
  })

  it("hands on the last layer in two bytes where a readout or targets follow", () => {
    const pooled = planOf("fp16", { architecture: "GIN", pooling: "mean" })
    const some = planOf("fp16", { architecture: "GCN" }, 100)
    for (const [plan, last, rows] of [
      [pooled, "readout", 1],
      [some, "targets", 100],
    ] as const) {
      const op = plan.ops.find(({ name }) => name === last)!
      const [x, y] = ["x", "y"].map((name) => operandUses(op).find(({ field }) => field === name)!)
      expect(x!.operand.storage).toBe("fp16")
      expect(y!.operand.storage).toBeUndefined()
      expect(plan.output.rows).toBe(rows)
    }
  })

  it("predicts the bytes that operators move", () => {
    const moved = (precision: Precision) =>
      planOf(precision, { architecture: "GCN" }).costs.find(({ name }) => name === "l1.aggregate")!
    // two bytes for each element of every gathered row and of the result, four for each index
    const [exact, half] = [moved("fp32").bytesMoved, moved("fp16").bytesMoved]
    expect(exact - half).toBe(2 * 64 * (edges + 2 * nodes))
  })
})
