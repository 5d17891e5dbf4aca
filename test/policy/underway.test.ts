// Where runs are, as admission sees them: ends and boundaries with what they vary by.
import { describe, expect, it } from "vitest"
import { shares } from "../../src/model/Interference.ts"
import { limits } from "../../src/model/limits.ts"
import type { RunningTask } from "../../src/model/Snapshot.ts"
import { sureness } from "../../src/policy/sureness.ts"
import { underway } from "../../src/policy/underway.ts"
import { stoppableRun as run, stoppable as stop } from "./stoppableRun.ts"

const at = (nowMs: number, running: ReadonlyArray<RunningTask>, stopsForTargets = true) =>
  underway({ interference: shares, running }, { nowMs, stopsForTargets })[0]!

describe("a run under way", () => {
  it("gives its lane at the first boundary that it has surely not passed", () => {
    expect(at(3, [run()])).toMatchObject({ boundaryAtMs: 4, endsAtMs: 20, isStopping: false })
    // By its median it is before the boundary at 4 ms; it may as well be behind.
    expect(at(3.9, [run()]).boundaryAtMs).toBe(10)
    expect(at(9.5, [run()]).boundaryAtMs).toBe(null)
  })

  it("has its first boundary before it when it has just begun, however widely such runs vary", () => {
    const wide = { ...stop, predictedP95Ms: 10 * stop.predictedP95Ms }
    expect(at(0, [run({ stop: wide })]).boundaryAtMs).toBe(4)
  })

  it("varies by all that is done of it, or by its operator alone where the device says which", () => {
    const blind = at(9, [run({ doneMs: 8 })])
    expect(Math.sqrt(blind.boundaryVariance)).toBeCloseTo(10 * 0.05, 9)
    const told = at(9, [run({ progress: { opsDone: 1, sinceMs: 5.9 } })])
    expect(told.boundaryAtMs).toBeCloseTo(9.1, 9)
    expect(Math.sqrt(told.boundaryVariance)).toBeCloseTo(6 * 0.05, 9)
    expect(Math.sqrt(told.endVariance)).toBeCloseTo(16 * 0.05, 9)
  })

  it("takes as much longer, and varies by as much, as the operators that have ended foretell", () => {
    const left = { p50Factor: 1.5, p95Factor: 1.5 * (1 + 0.01 * 1.645) }
    const told = at(9, [run({ progress: { opsDone: 1, sinceMs: 3 }, left })])
    // Six milliseconds of the operator are nine, and ten behind it fifteen.
    expect(told.boundaryAtMs).toBeCloseTo(15, 9)
    expect(told.endsAtMs).toBeCloseTo(30, 9)
    expect(Math.sqrt(told.boundaryVariance)).toBeCloseTo(9 * 0.01, 9)
    expect(Math.sqrt(told.endVariance)).toBeCloseTo(24 * 0.01, 9)
  })

  it("is not behind the end of an operator that the device says is running", () => {
    const late = at(30, [run({ progress: { opsDone: 1, sinceMs: 25 } })])
    expect(late).toMatchObject({ boundaryAtMs: 30, endsAtMs: 40 })
  })

  it("goes on to its end where nothing may stop it", () => {
    const often = { ...stop, preemptions: limits.maxPreemptions }
    expect(at(1, [run({ stop: often })]).boundaryAtMs).toBe(null)
    expect(at(1, [run()], false).boundaryAtMs).toBe(null)
    const { stop: _, ...shared } = run()
    expect(at(1, [shared])).toMatchObject({ boundaryAtMs: null, dueAtMs: Infinity })
  })

  it("gives its lane anyway where it is being stopped", () => {
    const stopping = { ...stop, stoppingFor: "urgent" }
    const seen = at(1, [run({ stop: stopping })], false)
    expect(seen).toMatchObject({ boundaryAtMs: 4, isStopping: true })
  })

  it("takes as long as its company makes it, and stands by what was done before", () => {
    const both = [run({ doneMs: 2 }), run({ id: "other" })]
    expect(at(3, both)).toMatchObject({ slowdown: 2, endsAtMs: 39 })
    expect(sureness).toBeGreaterThan(1)
  })

  it("has its target as long as it would meet it alone", () => {
    const beside = [run({ doneMs: 2, stop: { ...stop, dueAtMs: 30 } }), run({ id: "other" })]
    expect(at(3, beside)).toMatchObject({ endsAtMs: 39, dueAtMs: 30 })
    expect(at(13, beside).dueAtMs).toBe(Infinity)
  })
})
