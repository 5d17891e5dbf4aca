// How co-located runs share the bandwidth, and chance in run times, by numbers.
import { describe, expect, it } from "vitest"
import { slowdown } from "../../src/cost/interference.ts"
import { jitterOf } from "../../src/device/sim/jitter.ts"
import { type SharedRun, SharedTime } from "../../src/device/sim/SharedTime.ts"

const runOf = (name: string, bandwidth: number, ended: Array<string>): SharedRun => ({
  demand: { bandwidth, compute: 0 },
  onEnd: () => ended.push(name),
})

describe("SharedTime", () => {
  it("lets runs whose demands fit beside each other keep their speed", () => {
    const time = new SharedTime(slowdown)
    const ended: Array<string> = []
    const first = runOf("a", 0.5, ended)
    time.add(first, 10)
    time.add(runOf("b", 0.5, ended), 4)
    expect(time.slowdownOf(first)).toBe(1)
    expect(time.nextEndMs()).toBe(4)
    time.advance(4)
    time.advance(10)
    expect(ended).toEqual(["b", "a"])
    expect(time.nextEndMs()).toBe(null)
  })

  it("slows all runs by the sum of demands over 1, for as long as it lasts", () => {
    const time = new SharedTime(slowdown)
    const ended: Array<string> = []
    time.add(runOf("a", 1, ended), 10)
    time.advance(5)
    time.add(runOf("b", 1, ended), 2)
    // From here both go at half speed: b ends at 9, a has 3 left and ends alone at 12.
    expect(time.nextEndMs()).toBe(9)
    time.advance(9)
    expect(ended).toEqual(["b"])
    expect(time.nextEndMs()).toBe(12)
    time.advance(12)
    expect(ended).toEqual(["b", "a"])
  })

  it("tells what is done of a run between two events, and changes nothing by it", () => {
    const time = new SharedTime(slowdown)
    const run = runOf("a", 1, [])
    time.add(run, 10)
    time.advance(2)
    time.add(runOf("b", 1, []), 10)
    expect(time.progressOf(run, 6)).toEqual({ doneMs: 4, slowdown: 2 })
    expect(time.progressOf(run, 6)).toEqual({ doneMs: 4, slowdown: 2 })
    expect(time.nextEndMs()).toBe(18)
    expect(time.progressOf(runOf("c", 1, []), 6)).toBe(null)
  })

  it("lets a run end early where it is cut", () => {
    const time = new SharedTime(slowdown)
    const ended: Array<string> = []
    const run = runOf("a", 1, ended)
    time.add(run, 10)
    time.advance(3)
    expect(time.workOf(run)).toBe(3)
    time.cut(run, 4)
    expect(time.nextEndMs()).toBe(4)
  })
})

describe("jitter", () => {
  it("is the same for a task and a seed, and another for another", () => {
    expect(jitterOf(1, "t", 0.1)).toBe(jitterOf(1, "t", 0.1))
    expect(jitterOf(1, "t", 0.1)).not.toBe(jitterOf(2, "t", 0.1))
    expect(jitterOf(1, "t", 0.1)).not.toBe(jitterOf(1, "u", 0.1))
    expect(jitterOf(1, "t", 0)).toBe(1)
  })

  it("has the mean 1 and the spread that was asked for", () => {
    const factors = Array.from({ length: 20_000 }, (_, i) => jitterOf(7, `task-${i}`, 0.2))
    const mean = factors.reduce((sum, factor) => sum + factor, 0) / factors.length
    const logs = factors.map(Math.log)
    const logMean = logs.reduce((sum, log) => sum + log, 0) / logs.length
    const variance = logs.reduce((sum, log) => sum + (log - logMean) ** 2, 0) / logs.length
    expect(mean).toBeCloseTo(1, 2)
    expect(Math.sqrt(variance)).toBeCloseTo(0.2, 2)
  })
})
