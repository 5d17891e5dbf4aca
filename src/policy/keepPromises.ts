// A policy where deadlines are promises: what it starts is begun only if that is expected to make no more of
// them late than when those due first go first, which is what the promises were given on (`admit`).
import { slowdown } from "../cost/interference.ts"
import type { Decision, Policy, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { byArrival } from "../model/WaitingTasks.ts"
import { walkByDue } from "./DueWalk.ts"
import { type Due, dueTasks } from "./dueTasks.ts"
import { byDue } from "./edf.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"
import { byAgedTime } from "./sjf.ts"
import { type Underway, underway } from "./underway.ts"

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
    if (due.length === 0) return decision
    const runs = underway(snapshot, { nowMs, stopsForTargets: true })
    const inOrder = lateOf(due, runs, snapshot, nowMs)
    const chosen = new Set(decision.start)
    const tasks = startedOf(decision, snapshot)
    if (tasks.length < chosen.size) return decision
    const begun = begunRuns(tasks, runs, snapshot, nowMs)
    const waiting = due.filter(({ task }) => !chosen.has(task.id))
    if (lateOf(waiting, begun, snapshot, nowMs) <= inOrder + worthIt) return decision
    return fillGroup(
      due.map(({ task }) => task),
      snapshot,
      fillDefaults,
    )
  }

const lateOf = (
  due: ReadonlyArray<Due>,
  runs: ReadonlyArray<Underway>,
  { interference, lanesTotal: lanes }: Snapshot,
  nowMs: number,
): number => {
  if (due.length === 0) return 0
  return walkByDue(due, { runs, nowMs, concurrency: { lanes, interference } }).expectedLate
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

/** What runs once the decision is carried out; a lane that it leaves free stays so until a run ends. */
const begunRuns = (
  tasks: ReadonlyArray<WaitingTask>,
  runs: ReadonlyArray<Underway>,
  { interference, lanesFree }: Snapshot,
  nowMs: number,
): ReadonlyArray<Underway> => {
  const demands = [...runs, ...tasks].map(({ demand }) => demand)
  const each = slowdown(demands, interference)
  const begun = tasks.map(
    ({ demand, id, predictedMs, qosTargetMs, submittedAtMs }, at): Underway => ({
      ...{ id, demand, slowdown: each[runs.length + at]! },
      dueAtMs: submittedAtMs + (qosTargetMs ?? Number.POSITIVE_INFINITY),
      endsAtMs: nowMs + predictedMs * each[runs.length + at]!,
      ...{ endVariance: 0, boundaryAtMs: null, boundaryVariance: 0, isStopping: false },
    }),
  )
  const all = [...runs, ...begun]
  if (all.length === 0) return all
  const firstEndMs = Math.min(...all.map(({ endsAtMs }) => endsAtMs))
  const idle = Array.from({ length: lanesFree - begun.length }, (_, at): Underway => {
    const { demand, ...rest } = all[0]!
    const none = { bandwidth: 0, compute: 0 }
    return { ...rest, id: `idle ${at}`, demand: none, endsAtMs: firstEndMs, boundaryAtMs: null }
  })
  return [...all, ...idle]
}
