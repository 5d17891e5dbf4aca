// A run under way that may be stopped: three operators, the end of the last at 20 ms alone.
import type { RunningTask, Stoppable } from "../../src/model/Snapshot.ts"

export const stoppable: Stoppable = {
  opEndsMs: [4, 10, 20],
  firstOp: 0,
  dueAtMs: 100,
  predictedP95Ms: 20 * (1 + 0.05 * 1.645),
  priority: 0,
  preemptions: 0,
  stoppingFor: null,
}

export const stoppableRun = (rest: Partial<RunningTask> = {}): RunningTask => ({
  id: "run",
  tenant: "a",
  lane: 0,
  startedAtMs: 0,
  loadMs: 0,
  predictedMs: 20,
  footprintBytes: 64,
  demand: { bandwidth: 1, compute: 0 },
  stop: stoppable,
  ...rest,
})
