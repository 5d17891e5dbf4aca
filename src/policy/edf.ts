// EDF, earliest deadline first (Liu and Layland, J. ACM 20(1), 1973): tasks by the instant at which
// they are due, those without a deadline last, in order of arrival. Since that instant stands still,
// a task can be overtaken only by those that arrive before it and are due sooner.
import type { Policy, WaitingTask } from "../model/Snapshot.ts"
import type { TaskOrder } from "../model/WaitingTasks.ts"
import { elasticAt, fillGroup } from "./fillGroup.ts"

/** Milliseconds since the runtime was opened; infinite without a deadline. */
export const dueAtMs = ({ submittedAtMs, qosTargetMs }: WaitingTask): number =>
  qosTargetMs === null ? Number.POSITIVE_INFINITY : submittedAtMs + qosTargetMs

/** Milliseconds since the runtime was opened; infinite without a deadline. Later, it is missed. */
export const latestStartMs = (task: WaitingTask): number => dueAtMs(task) - task.predictedMs

export const hasTarget = (task: WaitingTask): boolean => dueAtMs(task) !== Number.POSITIVE_INFINITY

export const byDue: TaskOrder = { key: dueAtMs }

/** When its turn is among the promises; infinite without a deadline. */
export const turnAtMs = (task: WaitingTask): number => task.turnAtMs ?? dueAtMs(task)

/** Those that have a deadline, turn by turn. */
export const byTurn: TaskOrder = { key: turnAtMs, holds: hasTarget }

export const edf: Policy = (snapshot, nowMs) =>
  fillGroup(snapshot.waiting.ordered(byDue), snapshot, elasticAt(nowMs))
