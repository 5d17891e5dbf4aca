// Who gives its lane to whom: a run stops at its next operator boundary, keeps its memory, and goes on
// when it is its turn again. A policy that stops nobody has no rule here.
//
// `slo`: by whose stop the fewest targets are to be expected lost, those of runs among them, as what is due
// runs turn by turn (`DueWalk`), if that is fewer than where nobody stops. It is due after the task that takes
// its lane, whose tenant is within its share.
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
import { TenantShares } from "./TenantShares.ts"
import { keepsLane, type Underway, underway } from "./underway.ts"

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

/** A stop is worth it where so many fewer are to be expected late. */
const worthStopping = 0.003

export const preemptForTargets: Preempt = (snapshot, nowMs) => {
  const due = dueTasks(snapshot, nowMs, preemptLookahead)
  const takers = takersOf(due, snapshot)
  return takers.size === 0 ? null : new Rescue(due, snapshot, nowMs).find(takers)
}

/** Who may be given a lane: its tenant is within its share, and it has none coming to it. */
const takersOf = (due: ReadonlyArray<Due>, snapshot: Snapshot): ReadonlySet<WaitingTask> => {
  const shares = new TenantShares(snapshot)
  const isProvided = (id: string) => snapshot.running.some(({ stop }) => stop?.stoppingFor === id)
  const takers = new Set<WaitingTask>()
  for (const { task } of due) if (shares.isWithin(task) && !isProvided(task.id)) takers.add(task)
  return takers
}

/** Which run to stop, so that as few as can be are late. */
class Rescue {
  readonly #due: ReadonlyArray<Due>
  readonly #snapshot: Snapshot
  readonly #nowMs: number
  readonly #runs: ReadonlyArray<Underway>

  constructor(due: ReadonlyArray<Due>, snapshot: Snapshot, nowMs: number) {
    this.#due = due
    this.#snapshot = snapshot
    this.#nowMs = nowMs
    this.#runs = underway(snapshot, { nowMs, stopsForTargets: true })
  }

  /** Where, of those that are not being stopped, `victim` alone gives its lane. */
  #walk(victim: Underway | null): Walked {
    const { interference, lanesTotal: lanes } = this.#snapshot
    return walkByDue(this.#due, {
      runs: this.#runs.map((run) => (run === victim ? run : keepsLane(run))),
      concurrency: { lanes, interference },
      nowMs: this.#nowMs,
    })
  }

  find(takers: ReadonlySet<WaitingTask>): Decision | null {
    const due = this.#due
    const waits = this.#walk(null).expectedLate
    if (waits < worthStopping) return null
    let best: Rescued | null = null
    for (const victim of this.#runs) {
      if (victim.boundaryAtMs === null || victim.isStopping) continue
      const { expectedLate, stops } = this.#walk(victim)
      const at = stops.get(victim.id)
      if (at === undefined || !takers.has(due[at]!.task)) continue
      if (waits - expectedLate < worthStopping || !fits(due[at]!.task, this.#snapshot)) continue
      const rescued = { victim, expectedLate, at }
      if (best === null || isBetter(rescued, best)) best = rescued
    }
    return best === null ? null : giveWay(best.victim.id, due[best.at]!.task)
  }
}

interface Rescued {
  readonly victim: Underway
  readonly expectedLate: number
  /** Place of the task that takes the lane. */
  readonly at: number
}

/** Fewer late; of as many, who has more to spare gives way. */
const isBetter = (a: Rescued, b: Rescued): boolean => {
  const fewer = b.expectedLate - a.expectedLate
  return Math.abs(fewer) < worthStopping ? hasMoreToSpare(a.victim, b.victim) : fewer > 0
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
