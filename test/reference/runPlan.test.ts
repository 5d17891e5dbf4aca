// Whole plans on the oracle: the arena's real layout, what was never written, and every way in
// which a plan is refused before it runs.
import { describe, expect, it } from "vitest"
import { runPlanReference } from "../../src/device/reference/runOp.ts"
import { PlanRefused } from "../../src/model/errors.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { expectedOutput, residentBytes, smallPlan, withOp } from "./fixture.ts"

const run = (plan: Plan, residents = residentBytes) => {
  const arena = new Float64Array(plan.arenaBytes / 4)
  const footprint = runPlanReference({ plan, arena, residents })
  return { arena, footprint }
}

const refusalOf = (plan: Plan, residents = residentBytes): PlanRefused => {
  try {
    run(plan, residents)
  } catch (error) {
    if (error instanceof PlanRefused) return error
    throw error
  }
  throw new Error("the plan was not refused")
}

describe("a plan on the reference", () => {
  it("gives the hand-computed result and counts what it touched", () => {
    const { arena, footprint } = run(smallPlan)
    expect([...arena.subarray(16, 20)]).toEqual(expectedOutput)
    expect(footprint.highWaterBytes).toBe(80)
    expect([...footprint.slotsRead]).toEqual([0, 1, 2, 3])
  })

  it("leaves NaN where no op wrote", () => {
    const { arena } = run(smallPlan)
    expect(arena[4]).toBeNaN()
    expect(arena[20]).toBeNaN()
  })

  it("shows a buffer that overlaps a live one as a wrong result", () => {
    const overlapping = withOp(1, { c: { slot: -1, offset: 8, ld: 2 } })
    const { arena } = run({ ...overlapping, output: { offset: 8, rows: 2, cols: 2 } })
    expect([...arena.subarray(2, 6)]).not.toEqual(expectedOutput)
  })

  it("reads resident bytes that do not start at a multiple of four", () => {
    const shifted = residentBytes.map((bytes) => {
      const room = new Uint8Array(bytes.byteLength + 1)
      room.set(bytes, 1)
      return room.subarray(1)
    })
    const { arena } = run(smallPlan, shifted)
    expect([...arena.subarray(16, 20)]).toEqual(expectedOutput)
  })
})

describe("a plan is refused before it runs", () => {
  const resident = (slot: number, bytes: Uint8Array) => residentBytes.with(slot, bytes)
  const ints = (...values: Array<number>) => new Uint8Array(Int32Array.from(values).buffer)

  it.each<[string, Plan, RegExp]>([
    [
      "an operand beyond the arena",
      withOp(1, { c: { slot: -1, offset: 116, ld: 2 } }),
      /132 of 128/,
    ],
    [
      "an operand beyond its resident",
      withOp(1, { b: { slot: 3, offset: 12, ld: 2 } }),
      /28 of 24/,
    ],
    ["a slot that is not there", withOp(0, { x: { slot: 4, offset: 0, ld: 2 } }), /slot 4 of 4/],
    ["an odd offset", withOp(1, { a: { slot: -1, offset: 2, ld: 2 } }), /offset 2/],
    ["a negative offset", withOp(1, { a: { slot: -1, offset: -4, ld: 2 } }), /offset -4/],
    ["rows that overlap", withOp(1, { c: { slot: -1, offset: 64, ld: 1 } }), /dimension 1 of 2/],
    ["a write to a resident", withOp(1, { c: { slot: 3, offset: 0, ld: 2 } }), /read-only/],
    ["indices in the arena", withOp(0, { colIndices: { slot: -1, offset: 0, ld: 1 } }), /resident/],
    ["a size that is no count", withOp(1, { m: Number.NaN }), /extent/],
    ["max with a self term", withOp(0, { reduce: "max", selfCoefficient: 1 }), /max takes/],
    [
      "an output outside",
      { ...smallPlan, output: { offset: 64, rows: 9, cols: 2 } },
      /64…136 of 128/,
    ],
  ])("with %s", (_, plan, reason) => {
    expect(refusalOf(plan).reason).toMatch(reason)
  })

  it.each<[string, ReadonlyArray<Uint8Array>, RegExp]>([
    ["a column out of range", resident(1, ints(1, 0, 2)), /index 2 is 2 of 2/],
    ["a negative column", resident(1, ints(-1, 0, 1)), /index 0 is -1/],
    ["row offsets that fall", resident(0, ints(0, 3, 1)), /row offset 2 is 1/],
    ["row offsets beyond the edges", resident(0, ints(0, 1, 4)), /row offset 2 is 4/],
    ["a truncated resident", resident(2, new Uint8Array(12)), /ends at byte 16 of 12/],
  ])("with %s", (_, residents, reason) => {
    expect(refusalOf(smallPlan, residents).reason).toMatch(reason)
  })
})
