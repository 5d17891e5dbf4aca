// Which plans a task is given, and when the smaller ones are made.
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { PlanShelf } from "../../src/actors/PlanShelf.ts"
import { plansFor } from "../../src/actors/plansFor.ts"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import { footprintBytes } from "../../src/model/Plan.ts"
import { loadGnnModel } from "../../src/prep/model/loadModel.ts"
import { presetShape } from "../../src/prep/presets/presetShape.ts"
import { randomModel } from "../support/sources.ts"

const shape = presetShape({ kind: "preset", preset: "artist", seed: 1, scale: 0.05 })
const source = randomModel({ architecture: "GCN", width: 100, hidden: 128, seed: 1 })

const given = (budgetOf: (wholeBytes: number) => number) => {
  const shelf = new PlanShelf({ alignBytes: 64, profile: cpuProfile })
  const work = { model: loadGnnModel(source), shape, targets: null }
  const whole = Result.getOrThrow(shelf.whole(work))
  const budgetBytes = budgetOf(footprintBytes(whole))
  return { shelf, whole, budgetBytes, plans: plansFor(work, whole, shelf, budgetBytes) }
}

describe("the plans of a task", () => {
  it("are the whole one alone where it takes little of the device", () => {
    const { plans, whole } = given((bytes) => 100 * bytes)
    expect(plans.mayHaveOthers).toBe(false)
    expect(plans.all).toEqual([whole])
  })

  it("are made beyond the first when somebody asks for them", () => {
    const { plans, shelf, whole } = given((bytes) => 2 * bytes)
    expect(plans.first).toBe(whole)
    expect(plans.mayHaveOthers).toBe(true)
    expect(shelf.takeNewOps()).toBe(0)
    expect(plans.all.length).toBeGreaterThan(1)
    expect(plans.all[0]).toBe(whole)
    expect(shelf.takeNewOps()).toBeGreaterThan(0)
    expect(shelf.takeNewOps()).toBe(0)
  })

  it("begin with the largest that the device can hold", () => {
    const { budgetBytes, plans, whole } = given((bytes) => bytes - 1)
    expect(footprintBytes(plans.first)).toBeLessThanOrEqual(budgetBytes)
    expect(plans.first).not.toBe(whole)
    const bytes = plans.all.map(footprintBytes)
    expect(bytes).toEqual(bytes.toSorted((a, b) => b - a))
  })

  it("are the smallest alone, to be refused by its bytes, where the device can hold none", () => {
    const { budgetBytes, plans } = given(() => 1024)
    expect(footprintBytes(plans.first)).toBeGreaterThan(budgetBytes)
    expect(plans.all).toHaveLength(1)
  })
})
