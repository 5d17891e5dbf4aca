/// <reference lib="dom" />
// Runs in the browser: the table of tasks that gave way: when, to whom, and when they went on.
import type { PageData, PageTask } from "../pageData.ts"
import type { Kit } from "./kit.ts"
import type { MakeTable } from "./tables.ts"

export interface Preemption {
  readonly task: PageTask
  readonly lane: number
  readonly atMs: number
  readonly ranMs: number
  readonly by: string | null
  /** Until it ran again; null when it did not. */
  readonly awayMs: number | null
}

export function preemptionsOf(tasks: ReadonlyArray<PageTask>): ReadonlyArray<Preemption> {
  return tasks.flatMap((task) =>
    task.runs.flatMap(([lane, fromMs, toMs, end, by], i) => {
      if (end !== "preempted") return []
      const next = task.runs[i + 1]
      const awayMs = next === undefined ? null : next[1] - toMs
      return [{ task, lane, atMs: toMs, ranMs: toMs - fromMs, by, awayMs }]
    }),
  )
}

export function drawPreemptions(kit: Kit, _data: PageData, makeTable: MakeTable): void {
  const rows = preemptionsOf(kit.tasks)
  document.getElementById("preemptions-section")!.hidden = rows.length === 0
  const column = (title: string, value: (row: Preemption) => string | null) => {
    return { title, value, show: (row: Preemption) => value(row) ?? "–", numeric: false }
  }
  const time = (title: string, value: (row: Preemption) => number | null) => {
    return { title, value, show: (row: Preemption) => kit.ms(value(row)), numeric: true }
  }
  makeTable(
    kit,
    "preemptions",
    rows,
    [
      column("task", (row) => row.task.id),
      column("tenant", (row) => row.task.tenant),
      column("gave way to", (row) => row.by),
      time("at", (row) => row.atMs),
      time("after", (row) => row.ranMs),
      column("lane", (row) => String(row.lane)),
      time("went on after", (row) => row.awayMs),
    ],
    { pageRows: 25, filter: rows.length > 20 },
  )
}
