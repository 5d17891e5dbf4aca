// A task between two runs: what its finished operators wrote lies in its arena, so it keeps its memory
// and asks for a lane alone.
import { partFrom } from "../model/planWork.ts"
import type { WaitingTask } from "../model/Snapshot.ts"
import type { Preempted, RunTask } from "./ExecutorActor.ts"
import type { Holding } from "./Ledger.ts"
import type { LiveTask } from "./LiveTask.ts"

export interface Pause {
  readonly holding: Holding
  /** The operator with which it goes on. */
  readonly firstOp: number
  /** What is left of its time, as a part of the whole. */
  readonly leftPart: number
  /** How a policy sees it: it needs no memory that it does not hold, and only what is left of its time. */
  readonly waiting: WaitingTask
}

export const pauseOf = ({ task, holding }: RunTask, { opsDone: firstOp }: Preempted): Pause => {
  const { plan, waiting } = task.prepared!
  const leftPart = partFrom(plan, firstOp)
  return {
    holding,
    firstOp,
    leftPart,
    waiting: {
      ...waiting,
      arenaBytes: 0,
      residents: [],
      footprintBytes: 0,
      predictedMs: waiting.predictedMs * leftPart,
      predictedP95Ms: waiting.predictedP95Ms * leftPart,
    },
  }
}

/** How a policy sees a task that is ready. */
export const waitingOf = ({ pause, prepared }: LiveTask): WaitingTask =>
  pause?.waiting ?? prepared!.waiting
