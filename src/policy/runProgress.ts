// Where the runs under way are, as far as can be predicted: when each ends, and when it comes to an
// operator boundary, at which it could give its lane away.
import { slowdown } from "../cost/interference.ts"
import type { RunningTask, Snapshot } from "../model/Snapshot.ts"

export interface RunProgress {
  readonly task: RunningTask
  /** How many times as long it takes as alone, beside what runs now. */
  readonly slowdown: number
  readonly endsAtMs: number
  /** The next operator boundary; the end where there is none before. */
  readonly boundaryAtMs: number
}

/** Milliseconds alone from the run's beginning to the boundary that follows `doneMs`. */
const nextBoundaryMs = ({ predictedMs, stop }: RunningTask, doneMs: number): number => {
  if (stop === undefined) return predictedMs
  const { firstOp, opEndsMs } = stop
  const before = firstOp === 0 ? 0 : opEndsMs[firstOp - 1]!
  const left = opEndsMs.at(-1)! - before
  // As planned against as predicted, with what earlier runs have taught.
  const scale = left > 0 ? predictedMs / left : 0
  for (let op = firstOp; op < opEndsMs.length; op++) {
    const boundaryMs = (opEndsMs[op]! - before) * scale
    if (boundaryMs > doneMs) return boundaryMs
  }
  return predictedMs
}

export const progressOf = (
  { interference, running }: Snapshot,
  nowMs: number,
): ReadonlyArray<RunProgress> => {
  const slowdowns = slowdown(
    running.map(({ demand }) => demand),
    interference,
  )
  return running.map((task, i): RunProgress => {
    const beginsAtMs = task.startedAtMs + task.loadMs
    const each = slowdowns[i]!
    const doneMs = Math.max(0, nowMs - beginsAtMs) / each
    const fromNow = (workMs: number) =>
      Math.max(nowMs, beginsAtMs) + Math.max(0, workMs - doneMs) * each
    return {
      task,
      slowdown: each,
      endsAtMs: fromNow(task.predictedMs),
      boundaryAtMs: fromNow(nextBoundaryMs(task, doneMs)),
    }
  })
}
