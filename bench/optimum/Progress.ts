// An instance under way, as the simulated device has it: lanes, bytes, one link on which graphs are
// loaded one after the other in the order of the starts, runs that slow each other by their demands.
// A state is never changed: each step makes another, so that a search can go back.
import { slowdown } from "../../src/cost/interference.ts"
import { PoolFreeList } from "../../src/cost/poolFreeList.ts"
import type { Instance } from "./Instance.ts"

export interface Run {
  readonly job: number
  readonly startedMs: number
  /** In the line of those that load; null once it runs. */
  readonly loadLeftMs: number | null
  /** Alone. */
  readonly workLeftMs: number
  readonly arenaOffset: number
}

export interface Progress {
  readonly nowMs: number
  /** Bits of the jobs that have been started. */
  readonly started: number
  readonly running: ReadonlyArray<Run>
  /** Bits of the graphs that are there, and of those that are there or on their way. */
  readonly loaded: number
  readonly claimed: number
  /** Of the arenas' room. */
  readonly free: PoolFreeList
  /** Of ended jobs: weight times response, and the weight of kept deadlines. */
  readonly weightedMs: number
  readonly lateWeight: number
}

export const begin = ({ arenaBudgetBytes: bytes }: Instance): Progress => ({
  free: PoolFreeList.from([{ offset: 0, bytes }]),
  nowMs: 0,
  started: 0,
  running: [],
  loaded: 0,
  claimed: 0,
  weightedMs: 0,
  lateWeight: 0,
})

const toleranceMs = 1e-9

export const mayStart = ({ jobs, lanes }: Instance, at: Progress, job: number) =>
  (at.started & (1 << job)) === 0 &&
  jobs[job]!.arrivesMs <= at.nowMs + toleranceMs &&
  at.running.length < lanes &&
  at.free.largestBytes >= jobs[job]!.arenaBytes

export const start = ({ jobs, loadMs }: Instance, at: Progress, job: number): Progress => {
  const { arenaBytes, graph, runMs } = jobs[job]!
  const bit = 1 << graph
  const ownLoadMs = (at.claimed & bit) === 0 ? loadMs[graph]! : 0
  const loadLeftMs = (at.loaded & bit) === 0 ? ownLoadMs : null
  const free = at.free.clone()
  const arenaOffset = free.takeHigh(arenaBytes)!
  const run = { job, startedMs: at.nowMs, loadLeftMs, workLeftMs: runMs, arenaOffset }
  return {
    ...at,
    started: at.started | (1 << job),
    running: [...at.running, run],
    claimed: at.claimed | bit,
    free,
  }
}

/** To the next arrival, end of a load or end of a run; null when there is none. */
export const advance = (instance: Instance, at: Progress): Progress | null => {
  const { jobs } = instance
  const working = at.running.filter(({ loadLeftMs }) => loadLeftMs === null)
  const slowdowns = slowdown(working.map(({ job }) => jobs[job]!.demand))
  const loading = at.running.find(({ loadLeftMs }) => loadLeftMs !== null)
  let stepMs = loading?.loadLeftMs ?? Number.POSITIVE_INFINITY
  working.forEach(({ workLeftMs }, i) => {
    stepMs = Math.min(stepMs, workLeftMs * slowdowns[i]!)
  })
  for (const { arrivesMs } of jobs) {
    if (arrivesMs > at.nowMs + toleranceMs) stepMs = Math.min(stepMs, arrivesMs - at.nowMs)
  }
  if (stepMs === Number.POSITIVE_INFINITY) return null
  const nowMs = at.nowMs + stepMs
  let { free, lateWeight, loaded, weightedMs } = at
  const running: Array<Run> = []
  for (const run of at.running) {
    const { arrivesMs, dueMs, graph, weight } = jobs[run.job]!
    const place = working.indexOf(run)
    if (place < 0) {
      const leftMs = run === loading ? run.loadLeftMs! - stepMs : run.loadLeftMs!
      const isThere = run === loading && leftMs <= toleranceMs
      if (isThere) loaded |= 1 << graph
      running.push({ ...run, loadLeftMs: isThere ? null : leftMs })
      continue
    }
    const workLeftMs = run.workLeftMs - stepMs / slowdowns[place]!
    if (workLeftMs > toleranceMs) {
      running.push({ ...run, workLeftMs })
      continue
    }
    if (free === at.free) free = free.clone()
    free.give(run.arenaOffset, jobs[run.job]!.arenaBytes)
    weightedMs += weight * (nowMs - arrivesMs)
    if (dueMs !== null && nowMs > dueMs + toleranceMs) lateWeight += weight
  }
  return { ...at, nowMs, running, loaded, free, weightedMs, lateWeight }
}
