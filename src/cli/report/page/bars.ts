/// <reference lib="dom" />
// Runs in the browser: the run as bars, one for each stay of a task on a lane; how many tasks waited
// when; and the tasks that never ran.
import type { PageData, PageRun, PageTask } from "../pageData.ts"
import type { Kit } from "./kit.ts"

/** One stay of a task on a lane. */
export interface Bar {
  readonly task: PageTask
  readonly lane: number
  readonly fromMs: number
  readonly toMs: number
  readonly end: PageRun[3]
  readonly gaveWayTo: string | null
}

export function barsOf(task: PageTask, fullMs: number): ReadonlyArray<Bar> {
  if (task.runs.length > 0) {
    return task.runs.map(([lane, fromMs, toMs, end, gaveWayTo]) => {
      return { task, lane, fromMs, toMs, end, gaveWayTo }
    })
  }
  if (task.lane === null || task.startedAtMs === null || task.sharedWith !== null) return []
  const end = task.status === "completed" ? "completed" : "failed"
  const toMs = task.finishedAtMs ?? fullMs
  return [{ task, lane: task.lane, fromMs: task.startedAtMs, toMs, end, gaveWayTo: null }]
}

/** Steps of the number of tasks that are submitted and on no lane. */
export function waitingSteps(
  tasks: ReadonlyArray<PageTask>,
  fullMs: number,
): ReadonlyArray<readonly [number, number]> {
  const changes = new Map<number, number>()
  const change = (at: number, by: number) => changes.set(at, (changes.get(at) ?? 0) + by)
  for (const task of tasks) {
    change(task.submittedAtMs, 1)
    for (const bar of barsOf(task, fullMs)) {
      change(bar.fromMs, -1)
      change(bar.toMs, 1)
    }
    change(task.finishedAtMs ?? fullMs, -1)
  }
  let count = 0
  return [...changes]
    .sort((a, b) => a[0] - b[0])
    .map(([at, by]) => {
      count += by
      return [at, count] as const
    })
}

/** Stays on each lane, by start. */
export function barsByLane(
  kit: Kit,
  lanes: number,
  fullMs: number,
): ReadonlyArray<ReadonlyArray<Bar>> {
  const rows: Array<Array<Bar>> = Array.from({ length: lanes }, () => [])
  for (const task of kit.tasks) {
    for (const bar of barsOf(task, fullMs)) rows[bar.lane]?.push(bar)
  }
  for (const row of rows) row.sort((a, b) => a.fromMs - b.fromMs)
  return rows
}

/** Tasks that ended without a run of their own or another's: refused, expired, cancelled. */
export function refusedTasks(kit: Kit, fullMs: number): ReadonlyArray<PageTask> {
  return kit.tasks.filter(
    (task) =>
      task.status !== "completed" &&
      task.finishedAtMs !== null &&
      barsOf(task, fullMs).length === 0,
  )
}

export interface Bars {
  readonly lanes: ReadonlyArray<ReadonlyArray<Bar>>
  readonly waiting: ReadonlyArray<readonly [number, number]>
  readonly refused: ReadonlyArray<PageTask>
}

export function makeBars(kit: Kit, data: PageData, fullMs: number): Bars {
  return {
    lanes: barsByLane(kit, data.device.lanes, fullMs),
    waiting: waitingSteps(kit.tasks, fullMs),
    refused: refusedTasks(kit, fullMs),
  }
}
