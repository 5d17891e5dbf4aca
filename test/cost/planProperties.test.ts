import * as Result from "effect/Result"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import { type PlanRequest, planTask } from "../../src/cost/planTask.ts"
import type { GnnConfig } from "../../src/model/GnnModel.ts"
import type { Operand } from "../../src/model/Op.ts"
import { operandUses } from "../../src/model/operandUses.ts"
import { alignUp, type Plan, type PlanBuffer } from "../../src/model/Plan.ts"
import { weightLayout } from "../../src/model/WeightLayout.ts"
import { network, shapeFor } from "./randomNetworks.ts"

const requests = (maxLayers: number): fc.Arbitrary<PlanRequest> =>
  network({ maxWidth: 700, maxLayers }).chain((config) =>
    fc.record({
      config: fc.constant(config),
      shape: shapeFor(config),
      targets:
        config.pooling === null
          ? fc.option(fc.integer({ min: 0, max: 5000 }))
          : fc.constant<number | null>(null),
      alignBytes: fc.constantFrom(64, 256),
      profile: fc.constant(cpuProfile),
    }),
  )

const extentEnd = (operand: Operand, rows: number, cols: number): number =>
  operand.offset + (cols === 1 ? rows : (rows - 1) * operand.ld + cols) * 4

const buffersDisjointWhileLive = ({ buffers, alignBytes, arenaBytes }: Plan): void => {
  const real = buffers.filter((b) => b.bytes > 0)
  for (const [i, a] of real.entries()) {
    expect(a.offset % alignBytes).toBe(0)
    expect(a.bytes % alignBytes).toBe(0)
    expect(a.offset + a.bytes).toBeLessThanOrEqual(arenaBytes)
    for (const b of real.slice(i + 1)) {
      const together = a.firstOp <= b.lastOp && b.firstOp <= a.lastOp
      const overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes
      if (together && overlap) throw new Error(`${a.name} and ${b.name} share bytes while alive`)
    }
  }
}

/** The one live buffer of the arena that holds these bytes. */
const holder = (plan: Plan, op: number, from: number, end: number): PlanBuffer => {
  const found = plan.buffers.filter(
    (b) => b.firstOp <= op && op <= b.lastOp && b.offset <= from && end <= b.offset + b.bytes,
  )
  const real = found.filter((b) => b.bytes > 0)
  if (real.length !== 1) throw new Error(`op ${op}: bytes ${from}-${end} lie in no live buffer`)
  return real[0]!
}

/** Operands stay in live buffers and in their residents; nothing is read before it is written. */
const operandsInside = (plan: Plan): void => {
  const written = new Set<string>()
  const slotsRead = new Set<number>()
  plan.ops.forEach((op, i) => {
    const writes: string[] = []
    for (const { operand, access, isVector, rows, cols } of operandUses(op)) {
      if (isVector) expect(operand.ld).toBe(1)
      if (operand.slot >= 0) {
        expect(access).toBe("read")
        slotsRead.add(operand.slot)
        if (rows * cols === 0) continue
        const { role, bytes } = plan.residents[operand.slot]!
        const end = extentEnd(operand, rows, cols)
        if (end > bytes) throw new Error(`${op.name} reads to byte ${end} of ${bytes} of ${role}`)
        continue
      }
      expect(operand.slot).toBe(-1)
      if (rows * cols === 0) continue
      const { name } = holder(plan, i, operand.offset, extentEnd(operand, rows, cols))
      if (access === "write") writes.push(name)
      else if (!written.has(name)) throw new Error(`${op.name} reads ${name} before it is written`)
    }
    for (const name of writes) written.add(name)
  })
  expect(slotsRead.size).toBe(plan.residents.length)
}

const bytesOfRole = ({ config, shape, targets }: PlanRequest, role: string): number => {
  const nodes = shape.numNodes
  const sizes: Readonly<Record<string, number>> = {
    "graph.rowOffsets": nodes + 1,
    "graph.colIndices": shape.numEdges,
    "graph.edgeWeight": shape.numEdges,
    "graph.graphOffsets": (shape.numGraphs ?? 1) + 1,
    "x.dense": nodes * shape.featureWidth,
    "x.rowOffsets": nodes + 1,
    "x.colIndices": shape.featureNonZeros ?? 0,
    "x.values": shape.featureNonZeros ?? 0,
    "gcn.scale": nodes,
    "gcn.selfWeight": nodes,
    "model.weights": weightLayout(config).totalBytes / 4,
    "task.targets": targets ?? 0,
  }
  return sizes[role.split("@")[0]!]! * 4
}

const residentsExact = (request: PlanRequest, plan: Plan): void => {
  const roles = plan.residents.map((slot) => slot.role)
  expect(new Set(roles).size).toBe(roles.length)
  let sum = 0
  for (const { role, bytes } of plan.residents) {
    expect(bytes, role).toBe(bytesOfRole(request, role))
    sum += alignUp(bytes, request.alignBytes)
  }
  expect(plan.residentBytes).toBe(sum)
}

const liveness = (plan: Plan): void => {
  const live = plan.ops.map((_, i) =>
    plan.buffers.reduce((n, b) => (b.firstOp <= i && i <= b.lastOp ? n + b.bytes : n), 0),
  )
  expect(plan.costs.map((cost) => cost.liveBytes)).toEqual(live)
  expect(plan.livePeakBytes).toBe(Math.max(...live))
  expect(live[plan.peakOp]).toBe(plan.livePeakBytes)
  expect(plan.arenaBytes).toBe(plan.livePeakBytes)
}

const outputRows = ({ config, shape, targets }: PlanRequest): number =>
  config.pooling !== null ? (shape.numGraphs ?? 1) : (targets ?? shape.numNodes)

const resultKept = (request: PlanRequest, plan: Plan): void => {
  const { offset, rows, cols } = plan.output
  expect([rows, cols]).toEqual([outputRows(request), request.config.outWidth])
  if (rows * cols === 0) return
  const last = plan.ops.length
  expect(holder(plan, last, offset, offset + rows * cols * 4).offset).toBe(offset)
}

const everythingHolds = (request: PlanRequest): void => {
  const plan = Result.getOrThrow(planTask(request))
  buffersDisjointWhileLive(plan)
  operandsInside(plan)
  residentsExact(request, plan)
  liveness(plan)
  resultKept(request, plan)
  expect(plan.predictedMs).toBeGreaterThan(0)
  expect(Number.isFinite(plan.predictedMs)).toBe(true)
}

describe("planTask", () => {
  it("lays 10,000 random networks out in exactly their liveness peak", { timeout: 120_000 }, () => {
    fc.assert(fc.property(requests(6), everythingHolds), { numRuns: 10_000 })
  })

  it("does so for networks of up to 128 layers", { timeout: 60_000 }, () => {
    fc.assert(fc.property(requests(128), everythingHolds), { numRuns: 100 })
  })

  it("answers the same plan to the same request", () => {
    fc.assert(
      fc.property(requests(5), (request) => {
        expect(planTask(request)).toEqual(planTask(request))
      }),
      { numRuns: 200 },
    )
  })

  it("gives GIN's eps no influence on the layout", () => {
    const gin = requests(4).filter(({ config }) => config.architecture === "GIN")
    const layoutOf = ({ buffers, arenaBytes, costs }: Plan) => ({ buffers, arenaBytes, costs })
    fc.assert(
      fc.property(gin, fc.double({ min: -0.9, max: 2, noNaN: true }), (request, eps) => {
        // An eps of -1 takes the self term, and with it its cost, away.
        const config: GnnConfig = { ...request.config, ginEps: 0.5 }
        const plain = Result.getOrThrow(planTask({ ...request, config }))
        const ginEps = config.layers.map(() => eps)
        const other = Result.getOrThrow(planTask({ ...request, config, ginEps }))
        expect(layoutOf(other)).toEqual(layoutOf(plain))
        const selves = other.ops.flatMap((op) =>
          op.kind === "spmm" && op.selfCoefficient !== 0 ? [op.selfCoefficient] : [],
        )
        expect(selves).toEqual(ginEps.map((e) => 1 + e))
      }),
      { numRuns: 200 },
    )
  })
})
