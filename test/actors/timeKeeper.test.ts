// What a run that goes on tells of its rest.
import { expect, it } from "vitest"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { TimeKeeper } from "../../src/actors/TimeKeeper.ts"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import { stoppableRun } from "../policy/stoppableRun.ts"

const run = stoppableRun()
const task = { spec: { id: "run" }, prepared: { plan: {} } } as unknown as LiveTask

it("the operators that have ended foretell the rest, as far as was learnt while others were watched", () => {
  const now = { ms: 2, opsDone: 0, sinceMs: 2 }
  const stopwatch = { nowMs: () => now.ms }
  const times = new TimeKeeper(cpuProfile, stopwatch as never, () => now)
  expect(times.progressOf(run)).toEqual({})
  now.ms = 0
  times.started(task)
  now.ms = 2
  expect(times.progressOf(run).left).toBeUndefined()
  // The first operator took six milliseconds instead of four.
  Object.assign(now, { ms: 7, opsDone: 1, sinceMs: 1 })
  const first = times.progressOf(run).left!
  expect(first.p50Factor).toBeGreaterThan(1)
  expect(first.p50Factor).toBeLessThan(1.5)
  times.watch(run)
  // So did the second, which teaches that operators of a run are alike.
  Object.assign(now, { ms: 15.5, opsDone: 2, sinceMs: 0.5 })
  const looked = times.progressOf(run).left!
  expect(looked.p50Factor).toBeCloseTo(first.p50Factor, 9)
  times.watch(run)
  const second = times.progressOf(run).left!
  expect(second.p50Factor).toBeGreaterThan(first.p50Factor)
  // Looking teaches nothing, nor does watching again.
  times.watch(run)
  expect(times.progressOf(run).left).toEqual(second)
})
