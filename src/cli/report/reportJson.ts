// report.json: the record of a run that other programs read. Its form is docs/report.schema.json;
// what it says is final, so nothing here is rounded.
import { limits } from "../../model/limits.ts"
import type { DecisionRecord, DeviceKind, RunReport, TenantInfo } from "../../model/RunReport.ts"
import type { RunSettings } from "../../model/RunSettings.ts"
import type { PolicyName, SchedulingMode } from "../../model/Snapshot.ts"
import type { TaskRecord, TaskRun, TaskState } from "../../model/Task.ts"
import { errorToJson } from "../describeError.ts"
import type { NamedReport, RunInputs } from "./RunInputs.ts"
import { allTenantStatistics, makespanMs, type TenantStatistics, taskTimes } from "./statistics.ts"

/** Of the form, not of gnnsched: it changes when a reader must. */
export const reportVersion = 1

export interface ReportTask {
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly graph: string
  readonly priority: number
  /** Number of rows it asked for; null for all. */
  readonly targets: number | null
  /** Those rows, where they are at most `limits.maxReportedTargets`. */
  readonly nodes?: ReadonlyArray<number>
  /** Only where it asked for a run of its own. */
  readonly share?: false
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

export type ReportTenant = TenantStatistics & Pick<TenantInfo, "weight" | "quota">

export interface ReportJson {
  readonly version: number
  readonly device: {
    readonly kind: DeviceKind
    readonly name: string
    readonly lanes: number
    readonly budgetBytes: number
    readonly peakBytes: number
    readonly overheadBytes: number
  }
  readonly policy: PolicyName | "own"
  readonly mode: SchedulingMode
  readonly settings: RunSettings
  readonly makespanMs: number
  readonly tasks: ReadonlyArray<ReportTask>
  readonly tenants: ReadonlyArray<ReportTenant>
  readonly graphs: RunInputs["graphs"]
  readonly models: RunInputs["models"]
  readonly decisions: ReadonlyArray<DecisionRecord>
}

const reportTask = (task: TaskRecord, nodes: ReadonlyArray<number> | null): ReportTask => {
  const { qosMet, ...times } = taskTimes(task)
  return {
    id: task.id,
    tenant: task.tenant,
    model: task.model,
    graph: task.graph,
    priority: task.priority,
    targets: nodes?.length ?? null,
    ...(nodes === null || nodes.length > limits.maxReportedTargets ? {} : { nodes }),
    ...(task.share === false ? { share: false } : {}),
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

const reportTenants = ({ tasks, tenants }: RunReport): ReadonlyArray<ReportTenant> => {
  const declared = new Map(tenants.map((tenant) => [tenant.id, tenant]))
  return allTenantStatistics(tenants, tasks).map((statistics) => {
    const { quota, weight = 1 } = declared.get(statistics.id) ?? {}
    return { ...statistics, weight, ...(quota === undefined ? {} : { quota }) }
  })
}

export const reportJson = (report: NamedReport): ReportJson => {
  const { kind, name, lanes, budgetBytes, peakBytes, overheadBytes } = report.device
  const { graphs, models, nodes } = report.inputs
  return {
    version: reportVersion,
    device: { kind, name, lanes, budgetBytes, peakBytes, overheadBytes },
    policy: report.policy,
    mode: report.mode,
    settings: report.settings,
    makespanMs: makespanMs(report.tasks),
    tasks: report.tasks.map((task) => reportTask(task, nodes.get(task.id) ?? null)),
    tenants: reportTenants(report),
    graphs,
    models,
    decisions: report.decisions,
  }
}
