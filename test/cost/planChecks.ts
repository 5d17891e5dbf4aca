// Random requests to the planner, and what must hold of every plan: buffers that never share bytes
// while alive, operands inside what they name, exact residents, an arena of exactly the peak.
import * as fc from "fast-check"
import { expect } from "vitest"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import type { PlanRequest } from "../../src/cost/planTask.ts"
import type { Op, Operand } from "../../src/model/Op.ts"
import { operandUses } from "../../src/model/operandUses.ts"
import { alignUp, type Plan, type PlanBuffer } from "../../src/model/Plan.ts"
import { isWritten } from "../../src/model/Resident.ts"
import { weightLayout } from "../../src/model/WeightLayout.ts"
import { network, shapeFor } from "./randomNetworks.ts"

export const requests = (maxLayers: number): fc.Arbitrary<PlanRequest> =>
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

/** Only copies reach host memory, and nothing writes to what is not the task's own. */
const slotAllows = (plan: Plan, op: Op, slot: number, access: "read" | "write"): void => {
  const resident = plan.residents[slot]!
  if (resident.host === true) expect(op.kind).toBe("copy")
  if (access === "write") expect(isWritten(resident)).toBe(true)
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
        slotAllows(plan, op, operand.slot, access)
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
  for (const slot of plan.residents) {
    const { role, bytes } = slot
    if (!isWritten(slot)) expect(bytes, role).toBe(bytesOfRole(request, role))
    if (slot.host !== true) sum += alignUp(bytes, request.alignBytes)
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
  const { slot, offset, rows, cols } = plan.output
  expect([rows, cols]).toEqual([outputRows(request), request.config.outWidth])
  if (slot !== undefined) {
    expect(plan.residents[slot]).toEqual({
      role: "task.output",
      bytes: rows * cols * 4,
      host: true,
    })
    return
  }
  if (rows * cols === 0) return
  const last = plan.ops.length
  expect(holder(plan, last, offset, offset + rows * cols * 4).offset).toBe(offset)
}

export const planHolds = (request: PlanRequest, plan: Plan): void => {
  buffersDisjointWhileLive(plan)
  operandsInside(plan)
  residentsExact(request, plan)
  liveness(plan)
  resultKept(request, plan)
  expect(plan.predictedMs).toBeGreaterThan(0)
  expect(Number.isFinite(plan.predictedMs)).toBe(true)
}
