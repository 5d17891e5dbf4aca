// The task for which a lane was given back lets others go by where its target leaves the time.
import { describe, expect, it } from "vitest"
import { canWait } from "../../src/policy/canWait.ts"
import { type TaskInput, tasksOf, World } from "./world.ts"

/** `inputs[0]` has the lane that was given back; the others would start at 0. */
const waits = (...inputs: ReadonlyArray<Partial<TaskInput>>): boolean => {
  const tasks = tasksOf(inputs.map((input) => ({ arenaBytes: 64, ...input })))
  const world = new World({ tasks, budgetBytes: 1 << 20, lanes: 2, mode: "continuous" })
  const [claim, ...others] = tasks
  return canWait(claim!, others, { ...world.snapshot(), loadBytesPerMs: 1000 }, 0)
}

describe("a task for which a lane was given back", () => {
  it("waits for one that leaves it half as much time again as both take", () => {
    expect(waits({ predictedMs: 20, qosTargetMs: 75 }, { predictedMs: 30 })).toBe(true)
    expect(waits({ predictedMs: 20, qosTargetMs: 74 }, { predictedMs: 30 })).toBe(false)
  })

  it("waits for the longest of those that start side by side", () => {
    const others = [{ predictedMs: 30 }, { predictedMs: 10 }]
    expect(waits({ predictedMs: 20, qosTargetMs: 75 }, ...others)).toBe(true)
    expect(waits({ predictedMs: 20, qosTargetMs: 74 }, ...others)).toBe(false)
  })

  it("waits for what all of them must load", () => {
    const weights = [{ key: "weights", bytes: 5000 }]
    const features = [{ key: "features", bytes: 2000 }]
    const others = [{ predictedMs: 30, residents: features }]
    expect(waits({ predictedMs: 20, residents: weights, qosTargetMs: 82 }, ...others)).toBe(true)
    expect(waits({ predictedMs: 20, residents: weights, qosTargetMs: 81 }, ...others)).toBe(false)
  })
})
