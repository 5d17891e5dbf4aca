// Where the runs under way are, as far as can be predicted: when each ends, and when it comes to an
// operator boundary, at which it could give its lane away.
import { slowdown } from "../cost/interference.ts"
import type { RunningTask, Snapshot, Stoppable } from "../model/Snapshot.ts"

export interface RunProgress {
  readonly task: RunningTask
  /** How many times as long it takes as alone, beside what runs now. */
  readonly slowdown: number
  /** What is done of it, in milliseconds alone. */
  readonly doneMs: number
  /** From its beginning to each operator boundary, the end among them, in milliseconds alone. */
  readonly boundariesMs: ReadonlyArray<number>
  readonly endsAtMs: number
  /** The next operator boundary; the end where there is none before. */
  readonly boundaryAtMs: number
}

interface Boundaries {
  readonly predictedMs: number
  readonly atMs: ReadonlyArray<number>
}

/** Of a run they stay as they are, and every decision asks for them. */
const boundariesOf = new WeakMap<Stoppable, Boundaries>()

/** As foretold by the operators that have ended. */
const foretoldMs = (task: RunningTask): ReadonlyArray<number> => {
  const { left, progress, stop } = task
  const planned = plannedMs(task)
  if (left === undefined || progress === undefined || stop === undefined) return planned
  const knownMs = planned[progress.opsDone - stop.firstOp - 1] ?? 0
  return planned.map((ms) => (ms <= knownMs ? ms : knownMs + (ms - knownMs) * left.p50Factor))
}

/** Milliseconds alone from a run's beginning to each operator boundary, as predicted before it began. */
export const plannedMs = ({ predictedMs, stop }: RunningTask): ReadonlyArray<number> => {
  if (stop === undefined) return [predictedMs]
  const known = boundariesOf.get(stop)
  if (known?.predictedMs === predictedMs) return known.atMs
  const atMs = reckonBoundaries(predictedMs, stop)
  boundariesOf.set(stop, { predictedMs, atMs })
  return atMs
}

const reckonBoundaries = (predictedMs: number, stop: Stoppable): ReadonlyArray<number> => {
  const { firstOp, opEndsMs } = stop
  const before = firstOp === 0 ? 0 : opEndsMs[firstOp - 1]!
  const left = opEndsMs.at(-1)! - before
  // As planned against as predicted, with what earlier runs have taught.
  const scale = left > 0 ? predictedMs / left : 0
  return opEndsMs.slice(firstOp).map((endMs) => (endMs - before) * scale)
}

/** What is done, in milliseconds alone: where the device says which operator runs, not beyond that. */
const doneMsOf = (
  task: RunningTask,
  boundaries: ReadonlyArray<number>,
  each: number,
  nowMs: number,
): number => {
  const { doneMs, loadMs, progress, startedAtMs, stop } = task
  if (progress === undefined || stop === undefined) {
    return doneMs ?? Math.max(0, nowMs - startedAtMs - loadMs) / each
  }
  const at = progress.opsDone - stop.firstOp
  const beganMs = boundaries[at - 1] ?? 0
  return Math.min(beganMs + progress.sinceMs / each, boundaries[at] ?? boundaries.at(-1)!)
}

/** The boundary that follows `doneMs`. */
const nextBoundaryMs = (
  { progress, stop }: RunningTask,
  boundaries: ReadonlyArray<number>,
  doneMs: number,
): number => {
  if (progress !== undefined && stop !== undefined) {
    return boundaries[progress.opsDone - stop.firstOp] ?? boundaries.at(-1)!
  }
  return boundaries.find((boundaryMs) => boundaryMs > doneMs) ?? boundaries.at(-1)!
}

export const progressOf = (
  { interference, running }: Pick<Snapshot, "interference" | "running">,
  nowMs: number,
): ReadonlyArray<RunProgress> => {
  const slowdowns = slowdown(
    running.map(({ demand }) => demand),
    interference,
  )
  return running.map((task, i): RunProgress => {
    const beginsAtMs = task.startedAtMs + task.loadMs
    const each = slowdowns[i]!
    const boundaries = foretoldMs(task)
    const doneMs = doneMsOf(task, boundaries, each, nowMs)
    const fromNow = (workMs: number) =>
      Math.max(nowMs, beginsAtMs) + Math.max(0, workMs - doneMs) * each
    return {
      task,
      slowdown: each,
      doneMs,
      boundariesMs: boundaries,
      endsAtMs: fromNow(boundaries.at(-1)!),
      boundaryAtMs: fromNow(nextBoundaryMs(task, boundaries, doneMs)),
    }
  })
}
