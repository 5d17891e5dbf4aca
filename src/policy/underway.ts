// A run under way as admission sees it: when it ends, and at which operator boundary it could give its
// lane, both with what they vary by.
import { limits } from "../model/limits.ts"
import type { Demand } from "../model/Plan.ts"
import type { RunningTask, Snapshot } from "../model/Snapshot.ts"
import { progressOf, type RunProgress } from "./runProgress.ts"
import { deviationOf, sureness } from "./sureness.ts"

export interface Underway {
  readonly id: string
  /** Infinite without a target, or where it is lost however alone it were. */
  readonly dueAtMs: number
  /** Infinite where it is not due. */
  readonly turnAtMs: number
  readonly demand: Demand
  /** How many times as long it takes as alone. */
  readonly slowdown: number
  readonly endsAtMs: number
  readonly endVariance: number
  /** The next boundary that it has surely not passed; null where it keeps its lane to the end. */
  readonly boundaryAtMs: number | null
  readonly boundaryVariance: number
  /** It gives its lane there. */
  readonly isStopping: boolean
}

export interface UnderwayOptions {
  readonly nowMs: number
  /** Runs give way to what is due sooner. */
  readonly stopsForTargets: boolean
}

export const underway = (
  snapshot: Pick<Snapshot, "interference" | "running">,
  options: UnderwayOptions,
): ReadonlyArray<Underway> =>
  progressOf(snapshot, options.nowMs).map((run) => underwayOf(run, options))

/** Where it is not asked for its lane, unless it was before. */
export const keepsLane = (run: Underway): Underway =>
  run.isStopping ? run : { ...run, boundaryAtMs: null }

/** As predicted before it began. */
const perMsOf = ({ predictedMs, stop }: RunningTask): number =>
  stop === undefined || predictedMs === 0
    ? 0
    : deviationOf(predictedMs, stop.predictedP95Ms) / predictedMs

const underwayOf = (run: RunProgress, { nowMs, stopsForTargets }: UnderwayOptions): Underway => {
  const { boundariesMs: boundaries, doneMs, endsAtMs, slowdown, task } = run
  const { demand, left, progress, stop } = task
  const wholeMs = boundaries.at(-1)!
  /** Standard deviation for each millisecond alone. */
  const perMs =
    left === undefined
      ? perMsOf(task)
      : deviationOf(left.p50Factor, left.p95Factor) / left.p50Factor
  const runsOp =
    progress === undefined || stop === undefined ? null : progress.opsDone - stop.firstOp
  /** Where it surely was: what it has done by then varies no more. */
  const knownMs = runsOp === null ? 0 : (boundaries[runsOp - 1] ?? 0)
  const varianceAt = (aloneMs: number) => (Math.max(0, aloneMs - knownMs) * perMs * slowdown) ** 2
  const mayStop =
    stop !== undefined &&
    (stop.stoppingFor !== null || (stopsForTargets && stop.preemptions < limits.maxPreemptions))
  const isAhead = (aloneMs: number, op: number) =>
    runsOp === null ? aloneMs >= doneMs * (1 + sureness * perMs) : op >= runsOp
  const next = mayStop ? boundaries.find(isAhead) : undefined
  const boundaryMs = next === undefined || next >= wholeMs ? null : next
  const isMet = stop !== undefined && nowMs + (endsAtMs - nowMs) / slowdown <= stop.dueAtMs
  return {
    id: task.id,
    dueAtMs: isMet ? stop.dueAtMs : Number.POSITIVE_INFINITY,
    turnAtMs: isMet ? (stop.turnAtMs ?? stop.dueAtMs) : Number.POSITIVE_INFINITY,
    demand,
    slowdown,
    endsAtMs,
    endVariance: varianceAt(wholeMs),
    boundaryAtMs:
      boundaryMs === null ? null : Math.max(nowMs, endsAtMs - (wholeMs - boundaryMs) * slowdown),
    boundaryVariance: varianceAt(boundaryMs ?? 0),
    isStopping: stop !== undefined && stop.stoppingFor !== null,
  }
}
