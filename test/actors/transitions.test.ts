import { describe, expect, it } from "vitest"
import { isTerminal, type TaskState } from "../../src/model/Task.ts"
import { mayMove } from "../../src/model/transitions.ts"

const states: ReadonlyArray<TaskState> = [
  "queued",
  "preparing",
  "ready",
  "running",
  "completed",
  "failed",
  "cancelled",
  "rejected",
  "expired",
]

describe("task transitions", () => {
  it("lets no task leave a terminal state", () => {
    for (const from of states.filter(isTerminal)) {
      expect(states.filter((to) => mayMove(from, to))).toEqual([])
    }
  })

  it("starts only tasks that are ready, and completes only running ones", () => {
    expect(states.filter((from) => mayMove(from, "running"))).toEqual(["ready"])
    expect(states.filter((from) => mayMove(from, "completed"))).toEqual(["running"])
  })

  it("can end from every state that is not terminal", () => {
    for (const from of states.filter((state) => !isTerminal(state))) {
      expect(mayMove(from, "failed"), from).toBe(true)
      expect(mayMove(from, "cancelled"), from).toBe(true)
    }
  })
})
