// What report.html embeds: the run in columns, with names once, and bounded, so that the page stays
// quick with thousands of tasks. report.json keeps everything.
import * as Result from "effect/Result"
import type { Explanation } from "../../model/Explanation.ts"
import { explainTask } from "../../model/explainTask.ts"
import type { MemoryEvent, RunReport } from "../../model/RunReport.ts"
import type { TaskRecord, TaskRun } from "../../model/Task.ts"
import { describeError } from "../describeError.ts"
import { allTenantStatistics, makespanMs, type TenantStatistics, taskTimes } from "./statistics.ts"

/** More than this is too much for one page; the page says what it left out. */
export const pageLimits = {
  tasks: 20_000,
  memoryEvents: 120_000,
  decisions: 5_000,
  /** What each task waited for is told up to this many tasks. */
  explained: 1_000,
  /** Operators are drawn inside tasks up to this many of them in all. */
  ops: 60_000,
} as const

/** lane, from, to, how it ended, whom it gave way to. */
export type PageRun = readonly [number, number, number, TaskRun["end"], string | null]

export interface PageTask {
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly graph: string
  readonly status: string
  readonly group: number | null
  readonly lane: number | null
  readonly attempts: number
  readonly priority: number
  readonly submittedAtMs: number
  readonly startedAtMs: number | null
  readonly finishedAtMs: number | null
  readonly queueMs: number | null
  readonly runMs: number | null
  readonly responseMs: number | null
  readonly deadlineMs: number | null
  readonly qosMet: boolean | null
  readonly predictedMs: number | null
  readonly residentBytes: number | null
  readonly predictedPeakBytes: number | null
  readonly measuredPeakBytes: number | null
  /** `tag: sentence`, or null when it completed. */
  readonly reason: string | null
  /** Which of its plans was chosen; null when it was never planned. */
  readonly plan: string | null
  /** The task whose run answered it. */
  readonly sharedWith: string | null
  /** Its stays on lanes; empty where one from `startedAtMs` to `finishedAtMs` is all. */
  readonly runs: ReadonlyArray<PageRun>
  /** Milliseconds of waiting by reason; null where there were too many tasks to say. */
  readonly waitedMs: Explanation["waitedMs"] | null
  /** Triples: name (index into `opNames`), start, end. */
  readonly ops: ReadonlyArray<number>
}

export const pageTaskColumns = [
  "id",
  "tenant",
  "model",
  "graph",
  "status",
  "group",
  "lane",
  "attempts",
  "priority",
  "submittedAtMs",
  "startedAtMs",
  "finishedAtMs",
  "queueMs",
  "runMs",
  "responseMs",
  "deadlineMs",
  "qosMet",
  "predictedMs",
  "residentBytes",
  "predictedPeakBytes",
  "measuredPeakBytes",
  "reason",
  "plan",
  "sharedWith",
  "runs",
  "waitedMs",
  "ops",
] as const satisfies ReadonlyArray<keyof PageTask>

/** at, is an arena (1) or a resident (0), label, signed bytes, offset. */
export type PageMemoryRow = readonly [number, 0 | 1, string, number, number]

/** at, number, started ids, waiting, running, free bytes, threshold, blocked id, why, decide ms, told to stop. */
export type PageDecisionRow = readonly [
  number,
  number,
  ReadonlyArray<string>,
  number,
  number,
  number,
  number | null,
  string | null,
  string | null,
  number,
  ReadonlyArray<string>,
]

export interface PageData {
  readonly title: string
  readonly device: RunReport["device"]
  readonly policy: string
  readonly mode: string
  readonly makespanMs: number
  readonly counts: Readonly<Record<string, number>>
  readonly exactBytes: { readonly equal: number; readonly of: number }
  readonly tenants: ReadonlyArray<TenantStatistics & { readonly weight: number }>
  readonly taskColumns: ReadonlyArray<string>
  readonly taskRows: ReadonlyArray<ReadonlyArray<unknown>>
  readonly opNames: ReadonlyArray<string>
  readonly memory: ReadonlyArray<PageMemoryRow>
  readonly decisions: ReadonlyArray<PageDecisionRow>
  /** Sentences on what the page leaves out. */
  readonly notes: ReadonlyArray<string>
}

/** Microseconds are enough for a picture. */
const round = <T extends number | null>(ms: T): T =>
  (ms === null ? null : Math.round(ms * 1e3) / 1e3) as T

class NameTable {
  readonly names: Array<string> = []
  readonly #index = new Map<string, number>()

  indexOf(name: string): number {
    const known = this.#index.get(name)
    if (known !== undefined) return known
    this.#index.set(name, this.names.length)
    return this.names.push(name) - 1
  }
}

/** The common case needs no list: it would say the task's own times again. */
const pageRuns = ({ runs, status }: TaskRecord): ReadonlyArray<PageRun> =>
  runs.length === 1 && runs[0]!.end === status
    ? []
    : runs.map(({ end, endedAtMs, lane, preemptedBy, startedAtMs }) => [
        lane,
        round(startedAtMs),
        round(endedAtMs ?? startedAtMs),
        end,
        preemptedBy,
      ])

const waitedMs = (report: RunReport, id: string): PageTask["waitedMs"] => {
  const explained = explainTask(report, id)
  if (Result.isFailure(explained)) return null
  const waits = Object.entries(explained.success.waitedMs)
  return Object.fromEntries(waits.map(([reason, ms]) => [reason, round(ms)]))
}

const pageTask = (report: RunReport, task: TaskRecord, opNames: NameTable | null): PageTask => {
  const times = taskTimes(task)
  const reason = task.reason === null ? null : describeError(task.reason)
  return {
    id: task.id,
    tenant: task.tenant,
    model: task.model,
    graph: task.graph,
    status: task.status,
    group: task.group,
    lane: task.lane,
    attempts: task.attempts,
    priority: task.priority,
    submittedAtMs: round(task.submittedAtMs),
    startedAtMs: round(task.startedAtMs),
    finishedAtMs: round(task.finishedAtMs),
    queueMs: round(times.queueMs),
    runMs: round(times.runMs),
    responseMs: round(times.responseMs),
    deadlineMs: task.deadlineMs,
    qosMet: times.qosMet,
    predictedMs: round(task.predictedMs),
    residentBytes: task.residentBytes,
    predictedPeakBytes: task.predictedPeakBytes,
    measuredPeakBytes: task.measuredPeakBytes,
    reason: reason === null ? null : `${reason.tag}: ${reason.what}`,
    plan: task.plan,
    sharedWith: task.sharedWith,
    runs: pageRuns(task),
    waitedMs: report.tasks.length > pageLimits.explained ? null : waitedMs(report, task.id),
    ops:
      opNames === null
        ? []
        : task.ops.flatMap((op) => [opNames.indexOf(op.name), round(op.startMs), round(op.endMs)]),
  }
}

const memoryRow = (event: MemoryEvent): PageMemoryRow => [
  round(event.atMs),
  event.kind === "arena" ? 1 : 0,
  event.label,
  event.change === "grant" ? event.bytes : -event.bytes,
  event.offset,
]

const countBy = (tasks: ReadonlyArray<TaskRecord>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status } of tasks) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const notesOf = (report: RunReport): ReadonlyArray<string> => {
  const cut = (what: string, all: number, limit: number) =>
    all > limit ? [`Only the first ${limit} of ${all} ${what} are shown; report.json has all.`] : []
  return [
    ...cut("tasks", report.tasks.length, pageLimits.tasks),
    ...cut("changes of memory", report.memory.length, pageLimits.memoryEvents),
    ...cut("decisions", report.decisions.length, pageLimits.decisions),
    ...(report.dropped > 0 ? [`${report.dropped} log entries were dropped while it ran.`] : []),
  ]
}

export const pageData = (title: string, report: RunReport): PageData => {
  const tasks = report.tasks.slice(0, pageLimits.tasks)
  const opCount = tasks.reduce((sum, task) => sum + task.ops.length, 0)
  const opNames = new NameTable()
  const measured = report.tasks.filter((task) => task.measuredPeakBytes !== null)
  const weights = new Map(report.tenants.map(({ id, weight }) => [id, weight]))
  return {
    title,
    device: report.device,
    policy: report.policy,
    mode: report.mode,
    makespanMs: makespanMs(report.tasks),
    counts: countBy(report.tasks),
    exactBytes: {
      equal: measured.filter((task) => task.measuredPeakBytes === task.predictedPeakBytes).length,
      of: measured.length,
    },
    tenants: allTenantStatistics(report.tenants, report.tasks).map((tenant) => ({
      ...tenant,
      weight: weights.get(tenant.id) ?? 1,
    })),
    taskColumns: pageTaskColumns,
    taskRows: tasks.map((task) => {
      const row = pageTask(report, task, opCount <= pageLimits.ops ? opNames : null)
      return pageTaskColumns.map((column) => row[column])
    }),
    opNames: opNames.names,
    memory: report.memory.slice(0, pageLimits.memoryEvents).map(memoryRow),
    decisions: report.decisions
      .slice(0, pageLimits.decisions)
      .map((decision) => [
        round(decision.atMs),
        decision.number,
        decision.start,
        decision.waiting,
        decision.running,
        decision.freeBytes,
        decision.thresholdBytes,
        decision.blocked?.id ?? null,
        decision.blocked?.reason ?? null,
        round(decision.decideMs),
        decision.preempt ?? [],
      ]),
    notes: notesOf(report),
  }
}
