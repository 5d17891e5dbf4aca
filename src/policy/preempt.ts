// Who gives its lane to whom: a run stops at its next operator boundary, keeps its memory, and goes on
// when it is its turn again. A policy that stops nobody has no rule here.
//
// `slo`: for a task whose target would be missed by waiting and is met from a boundary that comes sooner,
// as what is due runs by deadline (`DueWalk`). Nobody else may be late for it: the run that is stopped is
// surely in time all the same, has no target, or has lost it. It is due after the other, whose tenant is
// within its share.
//
// `priority`: for the next in line, where it has a strictly higher priority than a run. Of the runs
// below it the lowest gives way.
//
// No task gives way more than `limits.maxPreemptions` times, so none is put off for ever.
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
import { type Walked, walkByDue } from "./DueWalk.ts"
import { type Due, dueTasks } from "./dueTasks.ts"
import { byAgedPriority } from "./priority.ts"
import { progressOf, type RunProgress } from "./runProgress.ts"
import { sureness } from "./sureness.ts"
import { TenantShares } from "./TenantShares.ts"
import { type Underway, underway } from "./underway.ts"

/** Waiting tasks that one decision looks at. */
export const preemptLookahead = 8

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

const giveWay = (victim: string, { id }: WaitingTask): Decision => ({
  start: [],
  blocked: { id, reason: "lane" },
  preempt: [victim],
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

/** When each lane is free, those that are being stopped after the task they are stopped for. */
const lanesOf = (runs: ReadonlyArray<RunProgress>): Array<number> =>
  runs.map(({ boundaryAtMs, endsAtMs, task }) =>
    task.stop === undefined || task.stop.stoppingFor === null ? endsAtMs : boundaryAtMs,
  )

/** First what is sure by far, then what is likelier than not. */
const sureEnough = [sureness, 0]

export const preemptForTargets: Preempt = (snapshot, nowMs) => {
  const due = dueTasks(snapshot, nowMs, preemptLookahead)
  const takers = takersOf(due, snapshot)
  if (takers.size === 0) return null
  for (const deviations of sureEnough) {
    const rescue = new Rescue(due, { snapshot, nowMs, deviations })
    // Who is surely in time is so by the boldest reckoning as well.
    if (rescue.late.length === 0) return null
    const found = rescue.find(takers)
    if (found !== null) return found
  }
  return null
}

/** Who may be given a lane: its tenant is within its share, and it has none coming to it. */
const takersOf = (due: ReadonlyArray<Due>, snapshot: Snapshot): ReadonlySet<WaitingTask> => {
  const shares = new TenantShares(snapshot)
  const isProvided = (id: string) => snapshot.running.some(({ stop }) => stop?.stoppingFor === id)
  const takers = new Set<WaitingTask>()
  for (const { task } of due) if (shares.isWithin(task) && !isProvided(task.id)) takers.add(task)
  return takers
}

const keepsLane = (run: Underway): Underway =>
  run.isStopping ? run : { ...run, boundaryAtMs: null }

interface Moment {
  readonly snapshot: Snapshot
  readonly nowMs: number
  readonly deviations: number
}

/** Which run to stop, so that a task is in time and nobody is late who would not be. */
class Rescue {
  readonly #due: ReadonlyArray<Due>
  readonly #moment: Moment
  readonly #runs: ReadonlyArray<Underway>
  /** Where nobody else is stopped. */
  readonly #waits: Walked
  /** Places of the tasks that are late then. */
  readonly late: ReadonlyArray<number>

  constructor(due: ReadonlyArray<Due>, moment: Moment) {
    this.#due = due
    this.#moment = moment
    const { deviations, nowMs, snapshot } = moment
    this.#runs = underway(snapshot, { nowMs, deviations, stopsForTargets: true })
    this.#waits = this.#walk(this.#runs.map(keepsLane))
    this.late = [...due.keys()].filter((at) => this.#isLate(this.#waits, at))
  }

  #walk(runs: ReadonlyArray<Underway>): Walked {
    const { deviations, nowMs, snapshot } = this.#moment
    const { interference, lanesTotal: lanes } = snapshot
    return walkByDue(this.#due, {
      runs,
      concurrency: { lanes, interference },
      nowMs,
      deviations,
    })
  }

  #isLate({ ends }: Walked, at: number): boolean {
    return ends[at]! > this.#due[at]!.dueAtMs
  }

  find(takers: ReadonlySet<WaitingTask>): Decision | null {
    const { snapshot } = this.#moment
    const due = this.#due
    let best: { readonly victim: Underway; readonly rescued: number; readonly at: number } | null =
      null
    for (const victim of this.#runs) {
      if (victim.boundaryAtMs === null || victim.isStopping) continue
      const stops = this.#walk(this.#runs.map((run) => (run === victim ? run : keepsLane(run))))
      const at = stops.stops.get(victim.id)
      if (at === undefined || !takers.has(due[at]!.task)) continue
      const harms = due.some((_, each) => this.#isLate(stops, each) && !this.late.includes(each))
      if (harms || stops.brokenRuns.length > this.#waits.brokenRuns.length) continue
      const rescued = this.late.filter((each) => !this.#isLate(stops, each)).length
      if (rescued === 0 || !fits(due[at]!.task, snapshot)) continue
      if (best === null || rescued > best.rescued || hasMoreToSpare(victim, best.victim)) {
        best = { victim, rescued, at }
      }
    }
    return best === null ? null : giveWay(best.victim.id, due[best.at]!.task)
  }
}

/** What has no target has the most; of two such, the one that comes to its boundary first is stopped. */
const hasMoreToSpare = (a: Underway, b: Underway): boolean => {
  const [spareA, spareB] = [a.dueAtMs - a.endsAtMs, b.dueAtMs - b.endsAtMs]
  return spareA === spareB ? a.boundaryAtMs! < b.boundaryAtMs! : spareA > spareB
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
  return lowest !== null && fits(first, snapshot) ? giveWay(lowest.task.id, first) : null
}

/** The policies that stop what runs. */
export const preempts: Readonly<Partial<Record<PolicyName, Preempt>>> = {
  slo: preemptForTargets,
  priority: preemptForPriority,
}
