// The scheduler's fold, without effects: when it may decide, and what a policy gets to see.
import { describe, expect, it } from "vitest"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { SchedulerState } from "../../src/actors/SchedulerState.ts"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"

const task = (seq: number): LiveTask =>
  ({
    spec: { id: `t${seq}`, tenant: "a" },
    seq,
    pause: null,
    prepared: {
      waiting: { id: `t${seq}`, seq, footprintBytes: 64, predictedMs: 1 },
      merge: { joins: null, takes: null },
    },
    members: null,
  }) as unknown as LiveTask

const nothingUnsettled = () => []
const view = PoolLayout.empty(1024, 64).view()

describe("SchedulerState", () => {
  it("keeps waiting tasks in order of arrival, however they became ready", () => {
    const state = new SchedulerState("continuous", [])
    for (const seq of [3, 1, 4, 0, 2]) state.ready(task(seq))
    const ids = [...state.snapshot(view).waiting].map(({ id }) => id)
    expect(ids).toEqual(["t0", "t1", "t2", "t3", "t4"])
  })

  it("does not decide without a free lane or without a waiting task", () => {
    const state = new SchedulerState("continuous", [])
    const only = task(0)
    state.ready(only)
    expect(state.mayDecide(nothingUnsettled)).toBe(false)
    state.laneUp(0)
    expect(state.mayDecide(nothingUnsettled)).toBe(true)
    state.remove(only)
    expect(state.mayDecide(nothingUnsettled)).toBe(false)
  })

  it("has each run watched when there is something to decide, not when somebody looks", () => {
    const watched: Array<string> = []
    const watch = ({ id }: { readonly id: string }) => watched.push(id)
    const state = new SchedulerState("continuous", [], {}, { watch })
    state.laneUp(0)
    state.laneUp(1)
    state.started(task(0), 0)
    state.started(task(1), 0)
    expect(state.runs.length).toBe(2)
    expect(watched).toEqual([])
    state.snapshot(view)
    expect(watched).toEqual(["t0", "t1"])
  })

  it("in groups mode waits until nothing runs", () => {
    const state = new SchedulerState("groups", [])
    state.laneUp(0)
    state.laneUp(1)
    const [first, second] = [task(0), task(1)]
    state.started(first, 0)
    state.ready(second)
    expect(state.mayDecide(nothingUnsettled)).toBe(false)
    state.laneUp(state.finished(first, 1))
    expect(state.mayDecide(nothingUnsettled)).toBe(true)
  })

  it("in groups mode waits for what had arrived when the device fell idle, not for later tasks", () => {
    const state = new SchedulerState("groups", [])
    state.laneUp(0)
    const unsettled = new Set([1])
    state.ready(task(0))
    expect(state.mayDecide(() => unsettled)).toBe(false)
    unsettled.add(2)
    state.ready(task(1))
    expect(state.mayDecide(() => unsettled)).toBe(true)
  })

  it("gives lanes in order and refuses to start without one", () => {
    const state = new SchedulerState("continuous", [])
    state.laneUp(1)
    state.laneUp(0)
    expect(state.started(task(0), 5)).toBe(0)
    expect(state.started(task(1), 5)).toBe(1)
    expect(() => state.started(task(2), 5)).toThrow("without a free lane")
  })
})
