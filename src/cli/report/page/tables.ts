/// <reference lib="dom" />
// Runs in the browser: the tables of tenants, tasks, refusals and failures, and decisions.
import type { PageData, PageDecisionRow, PageTask } from "../pageData.ts"
import type { Kit } from "./kit.ts"
import type { Column } from "./table.ts"

export type MakeTable = <Row>(
  kit: Kit,
  id: string,
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column<Row>>,
  options: { readonly pageRows: number; readonly filter: boolean },
) => void

export function textColumn<Row>(
  title: string,
  value: (row: Row) => string | null,
  mark?: (row: Row) => string,
): Column<Row> {
  const column = { title, value, show: (row: Row) => value(row) ?? "–", numeric: false }
  return mark === undefined ? column : { ...column, mark }
}

export function numberColumn<Row>(
  title: string,
  value: (row: Row) => number | null,
  format: (value: number | null) => string,
): Column<Row> {
  return { title, value, show: (row) => format(value(row)), numeric: true }
}

export function plainNumber(value: number | null): string {
  return value === null ? "–" : String(value)
}

export function percentText(value: number | null): string {
  return value === null ? "–" : `${Number((value * 100).toFixed(1))} %`
}

export function statusMark(task: PageTask): string {
  return task.status === "completed" ? "pill good" : "pill bad"
}

export function drawTenants(kit: Kit, data: PageData, makeTable: MakeTable): void {
  makeTable(
    kit,
    "tenants",
    data.tenants,
    [
      textColumn("tenant", (tenant) => tenant.id),
      numberColumn("weight", (tenant) => tenant.weight, plainNumber),
      numberColumn("tasks", (tenant) => tenant.tasks, plainNumber),
      numberColumn("completed", (tenant) => tenant.completed, plainNumber),
      numberColumn("mean response", (tenant) => tenant.meanResponseMs, kit.ms),
      numberColumn("p50", (tenant) => tenant.p50ResponseMs, kit.ms),
      numberColumn("p99", (tenant) => tenant.p99ResponseMs, kit.ms),
      numberColumn("targets met", (tenant) => tenant.qosMetRatio, percentText),
    ],
    { pageRows: 50, filter: data.tenants.length > 50 },
  )
}

/** Columns that say something of few runs only: there where any task has it. */
export function rareColumns(kit: Kit): ReadonlyArray<Column<PageTask>> {
  const plans = kit.tasks.some(({ plan }) => plan !== null && plan !== "whole")
  const shared = kit.answers.size > 0
  const torn = kit.tasks.some(({ runs }) => runs.length > 1)
  return [
    ...(plans ? [textColumn<PageTask>("plan", (task) => task.plan)] : []),
    ...(shared ? [textColumn<PageTask>("answered by", (task) => task.sharedWith)] : []),
    ...(torn
      ? [numberColumn<PageTask>("stays", (task) => Math.max(1, task.runs.length), plainNumber)]
      : []),
  ]
}

export function waitColumns(kit: Kit): ReadonlyArray<Column<PageTask>> {
  const known = kit.tasks.some(({ waitedMs }) => waitedMs !== null)
  return known ? [textColumn<PageTask>("waited for", kit.waited)] : []
}

export function drawTasks(kit: Kit, _data: PageData, makeTable: MakeTable): void {
  makeTable(
    kit,
    "tasks",
    kit.tasks,
    [
      textColumn("task", (task) => task.id),
      textColumn("tenant", (task) => task.tenant),
      textColumn("model", (task) => task.model),
      textColumn("graph", (task) => task.graph),
      textColumn("status", (task) => task.status, statusMark),
      ...rareColumns(kit),
      numberColumn("group", (task) => task.group, plainNumber),
      numberColumn("lane", (task) => task.lane, plainNumber),
      numberColumn("submitted", (task) => task.submittedAtMs, kit.ms),
      numberColumn("waited", (task) => task.queueMs, kit.ms),
      numberColumn("ran", (task) => task.runMs, kit.ms),
      numberColumn("predicted", (task) => task.predictedMs, kit.ms),
      numberColumn("response", (task) => task.responseMs, kit.ms),
      numberColumn("deadline", (task) => task.deadlineMs, kit.ms),
      textColumn(
        "target",
        (task) => (task.qosMet === null ? null : task.qosMet ? "met" : "missed"),
        (task) => (task.qosMet === null ? "" : task.qosMet ? "pill good" : "pill bad"),
      ),
      numberColumn("residents", (task) => task.residentBytes, kit.bytes),
      numberColumn("peak", (task) => task.measuredPeakBytes ?? task.predictedPeakBytes, kit.bytes),
      ...waitColumns(kit),
    ],
    { pageRows: 50, filter: true },
  )
}

export function drawFailures(kit: Kit, _data: PageData, makeTable: MakeTable): void {
  const rows = kit.tasks.filter((task) => task.status !== "completed")
  document.getElementById("failures-section")!.hidden = rows.length === 0
  makeTable(
    kit,
    "failures",
    rows,
    [
      textColumn("task", (task) => task.id),
      textColumn("tenant", (task) => task.tenant),
      textColumn("status", (task) => task.status, statusMark),
      numberColumn("attempts", (task) => task.attempts, plainNumber),
      textColumn("reason", (task) => task.reason),
    ],
    { pageRows: 50, filter: rows.length > 20 },
  )
}

export function drawDecisions(kit: Kit, data: PageData, makeTable: MakeTable): void {
  makeTable(
    kit,
    "decisions",
    data.decisions,
    [
      numberColumn("no.", (row: PageDecisionRow) => row[1], plainNumber),
      numberColumn("at", (row) => row[0], kit.ms),
      textColumn("started", (row) => (row[2].length === 0 ? null : kit.some(row[2]))),
      ...(data.decisions.some((row) => row[10].length > 0)
        ? [textColumn("told to stop", (row: PageDecisionRow) => kit.some(row[10]) || null)]
        : []),
      numberColumn("waiting", (row) => row[3], plainNumber),
      numberColumn("running", (row) => row[4], plainNumber),
      numberColumn("free memory", (row) => row[5], kit.bytes),
      numberColumn("threshold", (row) => row[6], kit.bytes),
      textColumn("held back", (row) => row[7]),
      textColumn("for want of", (row) => row[8]),
      numberColumn("decided in", (row) => row[9], kit.ms),
    ],
    { pageRows: 25, filter: true },
  )
}
