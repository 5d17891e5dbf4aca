// report.json: the record of a run that other programs read. Its form is docs/report.schema.json;
// what it says is final, so nothing here is rounded.
import type { DecisionRecord, DeviceKind, RunReport } from "../../model/RunReport.ts"
import type { PolicyName, SchedulingMode } from "../../model/Snapshot.ts"
import type { TaskRecord, TaskRun, TaskState } from "../../model/Task.ts"
import { errorToJson } from "../describeError.ts"
import { allTenantStatistics, makespanMs, type TenantStatistics, taskTimes } from "./statistics.ts"

/** Of the form, not of gnnsched: it changes when a reader must. */
export const reportVersion = 1

export interface ReportTask {
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly graph: string
  readonly status: TaskState
  /** Absent when the task completed. */
  readonly reason?: Record<string, unknown>
  readonly group: number | null
  readonly lane: number | null
  readonly submittedAtMs: number
  readonly readyAtMs: number | null
  readonly startedAtMs: number | null
  readonly finishedAtMs: number | null
  readonly queueMs: number | null
  readonly runMs: number | null
  readonly responseMs: number | null
  /** Absent, with qosMet, when the task has no target. */
  readonly deadlineMs?: number
  readonly qosMet?: boolean
  readonly residentBytes: number | null
  readonly predictedPeakBytes: number | null
  readonly measuredPeakBytes: number | null
  readonly predictedMs: number | null
  readonly plan: string | null
  readonly sharedWith: string | null
  readonly runs: ReadonlyArray<TaskRun>
}

export interface ReportJson {
  readonly version: number
  readonly device: {
    readonly kind: DeviceKind
    readonly lanes: number
    readonly budgetBytes: number
    readonly peakBytes: number
    readonly overheadBytes: number
  }
  readonly policy: PolicyName | "own"
  readonly mode: SchedulingMode
  readonly makespanMs: number
  readonly tasks: ReadonlyArray<ReportTask>
  readonly tenants: ReadonlyArray<TenantStatistics>
  readonly decisions: ReadonlyArray<DecisionRecord>
}

const reportTask = (task: TaskRecord): ReportTask => {
  const { qosMet, ...times } = taskTimes(task)
  return {
    id: task.id,
    tenant: task.tenant,
    model: task.model,
    graph: task.graph,
    status: task.status,
    ...(task.reason === null ? {} : { reason: errorToJson(task.reason) }),
    group: task.group,
    lane: task.lane,
    submittedAtMs: task.submittedAtMs,
    readyAtMs: task.readyAtMs,
    startedAtMs: task.startedAtMs,
    finishedAtMs: task.finishedAtMs,
    ...times,
    ...(task.deadlineMs === null || qosMet === null ? {} : { deadlineMs: task.deadlineMs, qosMet }),
    residentBytes: task.residentBytes,
    predictedPeakBytes: task.predictedPeakBytes,
    measuredPeakBytes: task.measuredPeakBytes,
    predictedMs: task.predictedMs,
    plan: task.plan,
    sharedWith: task.sharedWith,
    runs: task.runs,
  }
}

export const reportJson = (report: RunReport): ReportJson => {
  const { kind, lanes, budgetBytes, peakBytes, overheadBytes } = report.device
  return {
    version: reportVersion,
    device: { kind, lanes, budgetBytes, peakBytes, overheadBytes },
    policy: report.policy,
    mode: report.mode,
    makespanMs: makespanMs(report.tasks),
    tasks: report.tasks.map(reportTask),
    tenants: allTenantStatistics(report.tenants, report.tasks),
    decisions: report.decisions,
  }
}
