// Which turn a task is admitted with, beside another that asks for the same.
import { expect, it } from "vitest"
import { Admission, type TaskClaim } from "../../src/actors/Admission.ts"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { shares } from "../../src/model/Interference.ts"
import type { RunningTask } from "../../src/model/Snapshot.ts"
import { stoppable, stoppableRun } from "../policy/stoppableRun.ts"

const light = { bandwidth: 0, compute: 0 }
const claim: TaskClaim = {
  p50Ms: 5,
  p95Ms: 5,
  overheadMs: 0,
  demand: light,
  footprintBytes: 64,
  workKey: "the same",
}

/** As far as admission reads it. */
const task = (seq: number, deadlineMs: number) =>
  ({ seq, submittedAtMs: 0, admitted: null, spec: { tenant: "a", deadlineMs } }) as LiveTask

it("a task that another's run answers has no sooner turn than that one", () => {
  // One lane is free at 6 ms; the other's run, stopped at 4, would end too late.
  const tight = { ...stoppable, dueAtMs: 20.5, predictedP95Ms: 20 }
  const running: ReadonlyArray<RunningTask> = [
    stoppableRun({ demand: light, stop: tight }),
    stoppableRun({
      id: "beside",
      lane: 1,
      demand: light,
      predictedMs: 6,
      stop: { ...tight, opEndsMs: [6], predictedP95Ms: 6 },
    }),
  ]
  const admission = new Admission({
    admit: "deadline",
    lanes: 2,
    interference: shares,
    stopsForTargets: true,
    takesTurns: true,
    tenants: [],
    maxQueuedBytes: 1e6,
    stopwatch: { nowMs: () => 0 },
    running: () => running,
  })
  const [first, second, third] = [task(0, 15), task(1, 16), task(2, 30)]
  for (const each of [first, second, third]) expect(admission.admit(each!, claim)).toBeNull()
  expect(first!.admitted?.promise?.turnAtMs).toBe(20.5)
  expect(second!.admitted?.promise?.turnAtMs).toBe(20.5)
  expect(third!.admitted?.promise?.turnAtMs).toBe(30)
})
