// The least weighted response of all schedules of an instance, by branch and bound: at every event each
// job that may start is tried, and so is waiting for the next event. With slowdowns that are constant
// between events nothing is gained by a start in between.
import { slowdown } from "../../src/cost/interference.ts"
import type { Instance } from "./Instance.ts"
import { advance, begin, mayStart, type Progress, start } from "./Progress.ts"

export interface Optimum {
  readonly weightedMs: number
  /** False: the search was cut off, and something better may be left. */
  readonly proven: boolean
}

const maxNodes = 400_000

/** The most work that any jobs of the instance do together in a unit of time. */
const bestSpeed = ({ jobs, lanes }: Instance): number => {
  let best = 1
  const grow = (from: number, chosen: ReadonlyArray<number>): void => {
    const slowdowns = slowdown(chosen.map((job) => jobs[job]!.demand))
    best = Math.max(
      best,
      slowdowns.reduce((sum, each) => sum + 1 / each, 0),
    )
    if (chosen.length === lanes) return
    for (let job = from; job < jobs.length; job++) grow(job + 1, [...chosen, job])
  }
  grow(0, [])
  return best
}

/**
 * A lower bound on the weighted ends of what has not ended: the larger of each job alone from now on,
 * of unhindered lanes (Eastman, Even and Isaacs, Management Science 11(2), 1964), and of one machine as
 * fast as the best company (Smith's rule, 1956).
 */
const makeBound = (instance: Instance) => {
  const { jobs, lanes } = instance
  const speed = bestSpeed(instance)
  const bySmith = jobs
    .map((_, job) => job)
    .sort((a, b) => jobs[a]!.runMs / jobs[a]!.weight - jobs[b]!.runMs / jobs[b]!.weight)
  return (at: Progress): number => {
    let alone = 0
    let runningAlone = 0
    const left = jobs.map(({ runMs }) => runMs)
    for (const { job, loadLeftMs, workLeftMs } of at.running) {
      left[job] = workLeftMs
      runningAlone += jobs[job]!.weight * (at.nowMs + (loadLeftMs ?? 0) + workLeftMs)
    }
    const runs = new Set(at.running.map(({ job }) => job))
    let [lanesSum, lanesWork, fast, fastWork] = [0, 0, 0, 0]
    for (const job of bySmith) {
      const isStarted = (at.started & (1 << job)) !== 0
      if (isStarted && !runs.has(job)) continue
      const { arrivesMs, runMs, weight } = jobs[job]!
      fastWork += left[job]! / speed
      fast += weight * (at.nowMs + fastWork)
      if (isStarted) continue
      alone += weight * (Math.max(at.nowMs, arrivesMs) + runMs)
      lanesWork += runMs
      lanesSum += weight * (at.nowMs + lanesWork / lanes + (runMs * (1 - 1 / lanes)) / 2)
    }
    return Math.max(runningAlone + Math.max(alone, lanesSum), fast)
  }
}

/**
 * Of the schedules whose missed deadlines weigh no more than `lateWeight`, the least weighted response,
 * or `atMostMs` where none is less.
 */
export const searchOptimum = (
  instance: Instance,
  { atMostMs, lateWeight }: { readonly atMostMs: number; readonly lateWeight: number },
): Optimum => {
  const { jobs } = instance
  const all = (1 << jobs.length) - 1
  const bound = makeBound(instance)
  const bySmith = jobs
    .map((_, job) => job)
    .sort((a, b) => jobs[a]!.runMs / jobs[a]!.weight - jobs[b]!.runMs / jobs[b]!.weight)
  /** What is ended, and what has been waited for, by arrivals. */
  const arrivalsOf = (at: Progress) => {
    let sum = 0
    const runs = new Set(at.running.map(({ job }) => job))
    jobs.forEach(({ arrivesMs, weight }, job) => {
      if ((at.started & (1 << job)) === 0 || runs.has(job)) sum += weight * arrivesMs
    })
    return sum
  }
  let bestMs = atMostMs
  let nodes = 0
  const visit = (at: Progress, from: number): void => {
    if (++nodes > maxNodes || at.lateWeight > lateWeight) return
    if (at.started === all && at.running.length === 0) {
      bestMs = Math.min(bestMs, at.weightedMs)
      return
    }
    if (at.weightedMs + bound(at) - arrivalsOf(at) >= bestMs - 1e-6) return
    bySmith.forEach((job, place) => {
      if (!mayStart(instance, at, job)) return
      const after = start(instance, at, job)
      // Where nobody loads, the order of starts at one moment is none.
      const unordered = after.running.every(({ loadLeftMs }) => loadLeftMs === null)
      if (unordered && place < from) return
      visit(after, unordered ? place : 0)
    })
    const later = advance(instance, at)
    if (later !== null) visit(later, 0)
  }
  visit(begin, 0)
  return { weightedMs: bestMs, proven: nodes <= maxNodes }
}
