// The numbers of a report that are derived from a task's times: waiting, running, response, whether
// its target was met, and a tenant's mean and percentiles.
import type { TaskRecord } from "../../model/Task.ts"

export interface TaskTimes {
  /** started − submitted; null when it never started. */
  readonly queueMs: number | null
  /** finished − started; null when it never started. */
  readonly runMs: number | null
  /** finished − submitted; null when it has not ended. */
  readonly responseMs: number | null
  /** null without a deadline. A task that did not complete has not met its deadline. */
  readonly qosMet: boolean | null
}

export type TimedTask = Pick<
  TaskRecord,
  "tenant" | "status" | "submittedAtMs" | "startedAtMs" | "finishedAtMs" | "deadlineMs"
>

export const taskTimes = (task: TimedTask): TaskTimes => {
  const { submittedAtMs, startedAtMs, finishedAtMs, deadlineMs } = task
  const responseMs = finishedAtMs === null ? null : finishedAtMs - submittedAtMs
  return {
    queueMs: startedAtMs === null ? null : startedAtMs - submittedAtMs,
    runMs: startedAtMs === null || finishedAtMs === null ? null : finishedAtMs - startedAtMs,
    responseMs,
    qosMet:
      deadlineMs === null
        ? null
        : task.status === "completed" && responseMs !== null && responseMs <= deadlineMs,
  }
}

/**
 * Nearest rank: the smallest value that at least `percent` of the values do not exceed. With fewer
 * than 100 values, p99 is the largest. null of no values.
 */
export const percentile = (values: ReadonlyArray<number>, percent: number): number | null => {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1]!
}

export const mean = (values: ReadonlyArray<number>): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length

export interface TenantStatistics {
  readonly id: string
  readonly tasks: number
  readonly completed: number
  /** Of completed tasks; null when there is none. */
  readonly meanResponseMs: number | null
  readonly p50ResponseMs: number | null
  readonly p99ResponseMs: number | null
  /** Tasks that met their deadline over tasks that had one; null when none had one. */
  readonly qosMetRatio: number | null
}

export const tenantStatistics = (id: string, tasks: ReadonlyArray<TimedTask>): TenantStatistics => {
  const completed = tasks.filter((task) => task.status === "completed")
  const responses = completed.map((task) => taskTimes(task).responseMs).filter((ms) => ms !== null)
  const targets = tasks.map((task) => taskTimes(task).qosMet).filter((met) => met !== null)
  return {
    id,
    tasks: tasks.length,
    completed: completed.length,
    meanResponseMs: mean(responses),
    p50ResponseMs: percentile(responses, 50),
    p99ResponseMs: percentile(responses, 99),
    qosMetRatio: targets.length === 0 ? null : targets.filter((met) => met).length / targets.length,
  }
}

/** Every tenant that was declared or that a task names, in that order. */
export const allTenantStatistics = (
  tenants: ReadonlyArray<{ readonly id: string }>,
  tasks: ReadonlyArray<TimedTask>,
): ReadonlyArray<TenantStatistics> => {
  const byTenant = new Map<string, Array<TimedTask>>(tenants.map(({ id }) => [id, []]))
  for (const task of tasks) {
    const own = byTenant.get(task.tenant)
    if (own === undefined) byTenant.set(task.tenant, [task])
    else own.push(task)
  }
  return [...byTenant].map(([id, own]) => tenantStatistics(id, own))
}

/** From the first submission to the last end, in milliseconds; 0 when nothing ended. */
export const makespanMs = (tasks: ReadonlyArray<TimedTask>): number => {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const task of tasks) {
    first = Math.min(first, task.submittedAtMs)
    if (task.finishedAtMs !== null) last = Math.max(last, task.finishedAtMs)
  }
  return last >= first ? last - first : 0
}
