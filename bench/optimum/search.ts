// The least weighted response of all schedules of an instance, by branch and bound: at every event each
// job that may start is tried, and so is waiting for the next event. With slowdowns that are constant
// between events nothing is gained by a start in between.
import { slowdown } from "../../src/cost/interference.ts"
import type { Instance, Job } from "./Instance.ts"
import { advance, begin, mayStart, type Progress, start } from "./Progress.ts"

export interface Optimum {
  readonly weightedMs: number
  /** The states of the best schedule, from the first on; none where none is better than `atMostMs`. */
  readonly path: ReadonlyArray<Progress>
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

const bySmithsRule = ({ jobs }: Instance): ReadonlyArray<number> =>
  jobs
    .map((_, job) => job)
    .sort((a, b) => jobs[a]!.runMs / jobs[a]!.weight - jobs[b]!.runMs / jobs[b]!.weight)

/**
 * A lower bound on the weighted ends of what has not ended: the larger of each job alone from now on,
 * of unhindered lanes (Eastman, Even and Isaacs, Management Science 11(2), 1964), and of one machine as
 * fast as the best company (Smith's rule, 1956).
 */
const makeBound = (instance: Instance, bySmith: ReadonlyArray<number>) => {
  const { jobs, lanes } = instance
  const speed = bestSpeed(instance)
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

interface SearchOptions {
  /** Nothing that is not less is found. */
  readonly atMostMs: number
  /** Weight of the deadlines that may be missed. */
  readonly lateWeight: number
  readonly from: Progress
  /** Jobs of which the search knows. */
  readonly known: (job: Job) => boolean
}

/** The least weighted response of all schedules that go on from a state. */
export const searchOptimum = (
  instance: Instance,
  { atMostMs, from, known, lateWeight }: SearchOptions,
): Optimum => {
  const { jobs } = instance
  const bySmith = bySmithsRule(instance).filter((job) => known(jobs[job]!))
  const all = bySmith.reduce((bits, job) => bits | (1 << job), 0)
  const bound = makeBound(instance, bySmith)
  /** What is ended, and what has been waited for, by arrivals. */
  const arrivalsOf = (at: Progress) => {
    let sum = 0
    const runs = new Set(at.running.map(({ job }) => job))
    for (const job of bySmith) {
      const { arrivesMs, weight } = jobs[job]!
      if ((at.started & (1 << job)) === 0 || runs.has(job)) sum += weight * arrivesMs
    }
    return sum
  }
  const path: Array<Progress> = []
  let bestPath: ReadonlyArray<Progress> = []
  let bestMs = atMostMs
  let nodes = 0
  const visit = (at: Progress): void => {
    if (++nodes > maxNodes || at.lateWeight > lateWeight) return
    if (at.started === all && at.running.length === 0) {
      if (at.weightedMs >= bestMs) return
      bestMs = at.weightedMs
      bestPath = [...path, at]
      return
    }
    if (at.weightedMs + bound(at) - arrivalsOf(at) >= bestMs - 1e-6) return
    path.push(at)
    for (const job of bySmith) if (mayStart(instance, at, job)) visit(start(instance, at, job))
    const later = advance(instance, at)
    if (later !== null) visit(later)
    path.pop()
  }
  visit(from)
  return { weightedMs: bestMs, path: bestPath, proven: nodes <= maxNodes }
}

/**
 * What exhaustive search makes of an instance without foresight: whenever a job comes, the best schedule
 * of all that is known, followed until the next one comes.
 */
export const replanned = (instance: Instance): Optimum => {
  const times = [...new Set(instance.jobs.map(({ arrivesMs }) => arrivesMs))].sort((a, b) => a - b)
  let at = begin(instance)
  let proven = true
  for (const [turn, nowMs] of times.entries()) {
    while (at.nowMs < nowMs) at = advance(instance, at)!
    const options = { atMostMs: Number.POSITIVE_INFINITY, lateWeight: Number.POSITIVE_INFINITY }
    const known = ({ arrivesMs }: Job) => arrivesMs <= nowMs
    const found = searchOptimum(instance, { ...options, from: at, known })
    proven &&= found.proven
    const nextMs = times[turn + 1] ?? Number.POSITIVE_INFINITY
    at = found.path.findLast((state) => state.nowMs < nextMs) ?? at
  }
  return { weightedMs: at.weightedMs, path: [], proven }
}
