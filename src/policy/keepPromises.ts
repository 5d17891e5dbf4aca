// A policy where deadlines are promises: what it starts is begun only if that is expected to make no more of
// them late, runs among them, than when those due first go first, which is what the promises were given on
// (`admit`), or when a lane is left free because company would make a run late.
import { slowdown } from "../cost/interference.ts"
import type { Decision, Policy, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { byArrival } from "../model/WaitingTasks.ts"
import { walkByDue } from "./DueWalk.ts"
import { type Due, dueTasks } from "./dueTasks.ts"
import { byDue, dueAtMs, turnAtMs } from "./edf.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"
import { byAgedTime } from "./sjf.ts"
import { deviationOf } from "./sureness.ts"
import { keepsLane, type Underway, underway } from "./underway.ts"

/** Promises that may be expected to be lost for what the policy gains. */
const worthIt = 0.001

/** Waiting tasks that one decision looks at. */
const lookahead = 32

export const keepPromises =
  (policy: Policy): Policy =>
  (snapshot, nowMs) => {
    const decision = policy(snapshot, nowMs)
    if (snapshot.mode === "groups" || snapshot.lanesFree === 0) return decision
    const due = dueTasks(snapshot, nowMs, lookahead)
    const runs = underway(snapshot, { nowMs, stopsForTargets: true })
    if (due.length === 0 && runs.length === 0) return decision
    const tasks = startedOf(decision, snapshot)
    if (tasks.length < decision.start.length) return decision
    const late = (started: ReadonlyArray<WaitingTask>) =>
      lateOf(started, { due, runs, snapshot, nowMs })
    const chosenLate = late(tasks)
    if (chosenLate <= worthIt) return decision
    let best = { decision, late: chosenLate - worthIt }
    for (const other of inOrder(due, snapshot)) {
      const started = due.map(({ task }) => task).filter(({ id }) => other.start.includes(id))
      const otherLate = late(started)
      if (otherLate < best.late) best = { decision: other, late: otherLate }
    }
    return best.decision
  }

/** As many as find a lane, only the first, and, where something runs, nobody until it ends. */
const inOrder = (due: ReadonlyArray<Due>, snapshot: Snapshot): ReadonlyArray<Decision> => {
  const tasks = due.map(({ task }) => task)
  const all = fillGroup(tasks, snapshot, fillDefaults)
  const [first, next] = all.start
  if (first === undefined) return [all]
  const wait = (start: ReadonlyArray<string>, id: string): Decision => ({
    start,
    blocked: { id, reason: "interference" },
    thresholdBytes: null,
  })
  return [
    all,
    ...(next === undefined ? [] : [wait([first], next)]),
    ...(snapshot.running.length === 0 ? [] : [wait([], first)]),
  ]
}

interface Situation {
  readonly due: ReadonlyArray<Due>
  readonly runs: ReadonlyArray<Underway>
  readonly snapshot: Snapshot
  readonly nowMs: number
}

/** How many are to be expected late where these are started now. */
const lateOf = (
  started: ReadonlyArray<WaitingTask>,
  { due, nowMs, runs, snapshot }: Situation,
): number => {
  const { interference, lanesTotal: lanes } = snapshot
  const begun = begunRuns(started, runs, snapshot, nowMs)
  const waiting = due.filter(({ task }) => !started.includes(task))
  return walkByDue(waiting, { runs: begun, nowMs, concurrency: { lanes, interference } })
    .expectedLate
}

/** What the decision starts, as far as it is among the first of an order that policies go by. */
const startedOf = ({ start }: Decision, { waiting }: Snapshot): ReadonlyArray<WaitingTask> => {
  const found = new Map<string, WaitingTask>()
  for (const order of [byDue, byAgedTime, byArrival]) {
    let looked = 0
    for (const task of waiting.ordered(order)) {
      if (found.size === start.length || looked++ === 2 * lookahead) break
      if (start.includes(task.id)) found.set(task.id, task)
    }
  }
  return [...found.values()]
}

const neverDue = { dueAtMs: Number.POSITIVE_INFINITY, turnAtMs: Number.POSITIVE_INFINITY }

/** What runs once the decision is carried out; a lane that it leaves free stays so until a run ends. */
const begunRuns = (
  tasks: ReadonlyArray<WaitingTask>,
  runs: ReadonlyArray<Underway>,
  { interference, lanesFree, overheadMs = 0 }: Snapshot,
  nowMs: number,
): ReadonlyArray<Underway> => {
  const demands = [...runs, ...tasks].map(({ demand }) => demand)
  const slowdowns = slowdown(demands, interference).slice(runs.length)
  const begun = tasks.map((task, at): Underway => {
    const { demand, id, predictedMs, predictedP95Ms } = task
    const each = slowdowns[at]!
    const runMs = predictedMs + overheadMs
    const isMet = nowMs + runMs <= dueAtMs(task)
    return {
      ...{ id, demand, slowdown: each },
      // What is lost is nobody's reason to wait.
      dueAtMs: isMet ? dueAtMs(task) : Number.POSITIVE_INFINITY,
      turnAtMs: isMet ? turnAtMs(task) : Number.POSITIVE_INFINITY,
      endsAtMs: nowMs + runMs * each,
      endVariance: (deviationOf(predictedMs, predictedP95Ms) * each) ** 2,
      ...{ boundaryAtMs: null, boundaryVariance: 0, isStopping: false },
    }
  })
  // Nobody is asked for a lane while another is free.
  const lanes = begun.length < lanesFree ? runs.map(keepsLane) : runs
  const all = [...lanes, ...begun]
  if (all.length === 0) return all
  const firstEndMs = Math.min(...all.map(({ endsAtMs }) => endsAtMs))
  const idle = Array.from({ length: lanesFree - begun.length }, (_, at): Underway => {
    const { demand, ...rest } = all[0]!
    const none = { bandwidth: 0, compute: 0 }
    const idle = { id: `idle ${at}`, demand: none, slowdown: 1, boundaryAtMs: null }
    return { ...rest, ...idle, ...neverDue, endsAtMs: firstEndMs }
  })
  return [...all, ...idle]
}
