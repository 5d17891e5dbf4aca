// Who gives its lane to whom: a run stops at its next operator boundary, keeps its memory, and goes on
// when it is its turn again. A policy that stops nobody has no rule here.
//
// `slo`: for a task whose target would be missed by waiting for the first lane and is met from a
// boundary that comes sooner. A run is stopped only where that makes it miss no target of its own:
// what it waits is reckoned against what it has to spare, and one without a target goes first.
//
// `priority`: for the next in line, where it has a strictly higher priority than a run. Of the runs
// below it the lowest gives way.
//
// No task gives way more than `limits.maxPreemptions` times, so none is put off for ever.
import { slowdownBeside } from "../cost/interference.ts"
import { PoolLayout } from "../cost/PoolLayout.ts"
import { limits } from "../model/limits.ts"
import type {
  Decision,
  PolicyName,
  Preempt,
  RunningTask,
  Snapshot,
  Stoppable,
  WaitingTask,
} from "../model/Snapshot.ts"
import { byDue, dueAtMs as dueAtMsOf } from "./edf.ts"
import { byAgedPriority } from "./priority.ts"
import { progressOf, type RunProgress } from "./runProgress.ts"

/** Waiting tasks that one decision looks at. */
export const preemptLookahead = 8

/** A target is at risk when less than this part of it would be to spare: predictions err. */
const sparePart = 0.1

interface Victim extends RunProgress {
  readonly task: RunningTask & { readonly stop: Stoppable }
}

/** A run that may be stopped. */
const isVictim = (run: RunProgress): run is Victim => {
  const { stop } = run.task
  return (
    stop !== undefined &&
    stop.stoppingFor === null &&
    stop.preemptions < limits.maxPreemptions &&
    run.boundaryAtMs < run.endsAtMs
  )
}

const giveWay = (victim: Victim, { id }: WaitingTask): Decision => ({
  start: [],
  blocked: { id, reason: "lane" },
  preempt: [victim.task.id],
  thresholdBytes: null,
})

/** A run that is stopped keeps its memory: the other needs its own beside it. */
const fits = (task: WaitingTask, { memory }: Snapshot): boolean =>
  PoolLayout.fromView(memory).place(task) !== null

/** The first of an order that have no lane coming to them. */
const unprovided = (
  tasks: Iterable<WaitingTask>,
  running: ReadonlyArray<RunningTask>,
): ReadonlyArray<WaitingTask> => {
  const first: Array<WaitingTask> = []
  let looked = 0
  for (const task of tasks) {
    if (looked++ === preemptLookahead) break
    if (running.every(({ stop }) => stop?.stoppingFor !== task.id)) first.push(task)
  }
  return first
}

/** What it takes on a lane beside all that run but the one there: loading, then the run. */
const occupancyMs = (task: WaitingTask, lane: number, at: Snapshot): number => {
  const { interference, loadBytesPerMs, memory, running } = at
  let missing = 0
  for (const { bytes, key } of task.residents) if (!memory.residents.has(key)) missing += bytes
  const runMs = (task.predictedMs + task.predictedP95Ms) / 2
  const beside = slowdownBeside(task.demand, { running, without: lane }, interference)
  return missing / loadBytesPerMs + runMs * beside
}

/** When each lane is free, those that are being stopped after the task they are stopped for. */
const lanesOf = (runs: ReadonlyArray<RunProgress>): Array<number> =>
  runs.map(({ boundaryAtMs, endsAtMs, task }) =>
    task.stop === undefined || task.stop.stoppingFor === null ? endsAtMs : boundaryAtMs,
  )

/** What the run has to spare when it goes on at `atMs`; infinite where no target is left to miss. */
const spareMs = (
  { boundaryAtMs, endsAtMs, slowdown: each, task }: Victim,
  atMs: number,
): number => {
  const { stop } = task
  const leftMs = (endsAtMs - boundaryAtMs) / each
  if (boundaryAtMs + leftMs > stop.dueAtMs) return Number.POSITIVE_INFINITY
  const careful = task.predictedMs > 0 ? Math.max(1, stop.predictedP95Ms / task.predictedMs) : 1
  return stop.dueAtMs - atMs - (endsAtMs - boundaryAtMs) * careful
}

export const preemptForTargets: Preempt = (snapshot, nowMs) => {
  const { running, waiting } = snapshot
  const urgent = unprovided(waiting.ordered(byDue), running)
  if (urgent.length === 0 || dueAtMsOf(urgent[0]!) === Number.POSITIVE_INFINITY) return null
  const runs = progressOf(snapshot, nowMs)
  const lanes = lanesOf(runs)
  const victims = runs.filter(isVictim)
  if (victims.length === 0) return null
  for (const task of urgent) {
    const dueAtMs = dueAtMsOf(task)
    if (dueAtMs === Number.POSITIVE_INFINITY) return null
    const lane = lanes.indexOf(Math.min(...lanes))
    const tookMs = occupancyMs(task, lane, snapshot)
    const waits = lanes[lane]! + tookMs
    const atRisk = waits > dueAtMs - sparePart * (task.qosTargetMs ?? 0)
    if (atRisk && nowMs + tookMs <= dueAtMs) {
      const victim = mostToSpare(
        victims,
        (at) => at < lanes[lane]! && at + tookMs <= dueAtMs,
        tookMs,
      )
      if (victim !== null && fits(task, snapshot)) return giveWay(victim, task)
    }
    // Those that are lost take their turn behind the others.
    if (nowMs + tookMs <= dueAtMs) lanes[lane] = waits
  }
  return null
}

/** Of the runs with a boundary soon enough that miss no target for it; null where there is none. */
const mostToSpare = (
  victims: ReadonlyArray<Victim>,
  inTime: (boundaryAtMs: number) => boolean,
  tookMs: number,
): Victim | null => {
  let best: Victim | null = null
  let most = 0
  for (const victim of victims) {
    const { boundaryAtMs } = victim
    if (!inTime(boundaryAtMs)) continue
    const spare = spareMs(victim, boundaryAtMs + tookMs)
    const sooner = best !== null && spare === most && boundaryAtMs < best.boundaryAtMs
    if (spare < most || (spare === most && best !== null && !sooner)) continue
    best = victim
    most = spare
  }
  return best
}

export const preemptForPriority: Preempt = (snapshot, nowMs) => {
  const { running, waiting } = snapshot
  const [first] = unprovided(waiting.ordered(byAgedPriority), running)
  if (first === undefined) return null
  const runs = progressOf(snapshot, nowMs)
  const freeAtMs = Math.min(...lanesOf(runs))
  let lowest: Victim | null = null
  for (const victim of runs.filter(isVictim)) {
    const { boundaryAtMs, task } = victim
    if (task.stop.priority >= first.priority || boundaryAtMs >= freeAtMs) continue
    if (lowest === null || task.stop.priority < lowest.task.stop.priority) lowest = victim
  }
  return lowest !== null && fits(first, snapshot) ? giveWay(lowest, first) : null
}

/** The policies that stop what runs. */
export const preempts: Readonly<Partial<Record<PolicyName, Preempt>>> = {
  slo: preemptForTargets,
  priority: preemptForPriority,
}
