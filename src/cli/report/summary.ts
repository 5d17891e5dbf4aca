// What `gnnsched run` prints at its end: the run in a line, the tenants, the tasks when they are
// few, and why those that did not complete did not.
import type { RunReport } from "../../model/RunReport.ts"
import type { TaskRecord } from "../../model/Task.ts"
import { describeError } from "../describeError.ts"
import { left, mark, renderTable, right, safeText } from "../terminal.ts"
import { formatBytes, formatCount, formatMs, formatPercent } from "../units.ts"
import { allTenantStatistics, makespanMs, taskTimes } from "./statistics.ts"

/** More tasks than this are told by tenant only. */
const maxListedTasks = 40
const maxListedReasons = 10

const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? "-" : format(value)

const tenantTable = (report: RunReport): string =>
  renderTable(
    [
      left("tenant"),
      right("tasks"),
      right("completed"),
      right("mean response"),
      right("p50"),
      right("p99"),
      right("targets met"),
    ],
    allTenantStatistics(report.tenants, report.tasks).map((tenant) => [
      safeText(tenant.id),
      formatCount(tenant.tasks),
      formatCount(tenant.completed),
      orDash(tenant.meanResponseMs, formatMs),
      orDash(tenant.p50ResponseMs, formatMs),
      orDash(tenant.p99ResponseMs, formatMs),
      orDash(tenant.qosMetRatio, formatPercent),
    ]),
  )

const target = (qosMet: boolean | null): string =>
  qosMet === null ? "-" : qosMet ? "met" : mark("yellow", "missed")

const statusText = ({ status }: TaskRecord): string =>
  status === "completed" ? mark("green", status) : mark("red", status)

/** What it took; of a task that was not taken it would be what it asked for: that is its reason. */
const peakBytes = (task: TaskRecord): number | null =>
  task.status === "rejected" ? null : (task.measuredPeakBytes ?? task.predictedPeakBytes)

/** Only groups mode has groups. */
const taskTable = ({ mode, tasks }: RunReport): string => {
  const ofGroups = <A>(cell: A): ReadonlyArray<A> => (mode === "groups" ? [cell] : [])
  return renderTable(
    [
      left("task"),
      left("tenant"),
      left("model"),
      left("graph"),
      left("status"),
      ...ofGroups(right("group")),
      right("lane"),
      right("waited"),
      right("ran"),
      right("response"),
      left("target"),
      right("peak memory"),
    ],
    tasks.map((task) => {
      const { queueMs, runMs, responseMs, qosMet } = taskTimes(task)
      return [
        safeText(task.id),
        safeText(task.tenant),
        safeText(task.model),
        safeText(task.graph),
        statusText(task),
        ...ofGroups(orDash(task.group, String)),
        orDash(task.lane, String),
        orDash(queueMs, formatMs),
        orDash(runMs, formatMs),
        orDash(responseMs, formatMs),
        target(qosMet),
        orDash(peakBytes(task), formatBytes),
      ]
    }),
  )
}

const tooMany = (tasks: number): string =>
  `${formatCount(tasks)} tasks, not listed here (more than ${maxListedTasks}): see --format json, ` +
  "or the HTML report that --out DIR writes."

/** Tasks that ended the same way for the same reason share a line. */
const reasons = (tasks: ReadonlyArray<TaskRecord>): string => {
  const alike = new Map<string, { readonly first: TaskRecord; count: number }>()
  for (const task of tasks) {
    if (task.status === "completed") continue
    const what = task.reason === null ? "no reason was recorded" : describeError(task.reason).what
    const key = `${task.status}: ${what}`
    const known = alike.get(key)
    if (known === undefined) alike.set(key, { first: task, count: 1 })
    else known.count++
  }
  const lines = [...alike].map(([key, { first, count }]) => {
    const others = count === 1 ? "" : ` and ${formatCount(count - 1)} more`
    return `${safeText(first.id)}${others} ${key}`
  })
  const shown = lines.slice(0, maxListedReasons)
  if (lines.length > shown.length) {
    shown.push(`and ${lines.length - shown.length} other reasons; see the report`)
  }
  return shown.join("\n")
}

const headline = (report: RunReport): string => {
  const completed = report.tasks.filter((task) => task.status === "completed").length
  const { kind, isa, lanes, peakBytes, budgetBytes } = report.device
  return (
    `${mark("bold", `${formatCount(completed)} of ${formatCount(report.tasks.length)} tasks completed`)} ` +
    `in ${formatMs(makespanMs(report.tasks))}\n` +
    `${kind} (${isa}), ${lanes} ${lanes === 1 ? "lane" : "lanes"}, policy ${report.policy}, ` +
    `mode ${report.mode}, peak memory ${formatBytes(peakBytes)} of ${formatBytes(budgetBytes)}`
  )
}

export const summary = (report: RunReport): string => {
  const parts = [headline(report)]
  const { length } = report.tasks
  parts.push(length <= maxListedTasks ? taskTable(report) : tooMany(length))
  parts.push(tenantTable(report))
  const why = reasons(report.tasks)
  if (why !== "") parts.push(why)
  return parts.join("\n\n")
}
