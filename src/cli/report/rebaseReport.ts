// A run as its reader knows it: time 0 is the first submission (loading came before), and graphs
// and models carry the names of the workload instead of the runtime's ids.
import type { RunReport } from "../../model/RunReport.ts"
import type { TaskRecord } from "../../model/Task.ts"

export type TaskNames = ReadonlyMap<string, { readonly graph: string; readonly model: string }>

const shifted = (ms: number | null, originMs: number): number | null =>
  ms === null ? null : ms - originMs

const rebaseTask = (task: TaskRecord, originMs: number, names: TaskNames): TaskRecord => ({
  ...task,
  ...names.get(task.id),
  submittedAtMs: task.submittedAtMs - originMs,
  readyAtMs: shifted(task.readyAtMs, originMs),
  startedAtMs: shifted(task.startedAtMs, originMs),
  finishedAtMs: shifted(task.finishedAtMs, originMs),
  ops: task.ops.map((op) => ({
    ...op,
    startMs: op.startMs - originMs,
    endMs: op.endMs - originMs,
  })),
  runs: task.runs.map((run) => ({
    ...run,
    startedAtMs: run.startedAtMs - originMs,
    loadedAtMs: shifted(run.loadedAtMs, originMs),
    endedAtMs: shifted(run.endedAtMs, originMs),
  })),
})

export const rebaseReport = <R extends RunReport>(report: R, names: TaskNames): R => {
  const originMs = report.tasks.reduce(
    (first, task) => Math.min(first, task.submittedAtMs),
    Number.POSITIVE_INFINITY,
  )
  if (originMs === Number.POSITIVE_INFINITY) return report
  return {
    ...report,
    tasks: report.tasks.map((task) => rebaseTask(task, originMs, names)),
    decisions: report.decisions.map((decision) => ({
      ...decision,
      atMs: decision.atMs - originMs,
    })),
    memory: report.memory.map((event) => ({ ...event, atMs: event.atMs - originMs })),
  }
}
