// Which tasks come by the clock, and which come because another has ended: the clients of a closed
// loop submit the next task only when they have the last one's answer.
import type { WorkloadTask } from "./Workload.ts"

export interface TaskSchedule {
  /** By the clock, in order of time. */
  readonly timed: ReadonlyArray<WorkloadTask>
  /** For a task's id, the one that comes after its end. */
  readonly next: ReadonlyMap<string, WorkloadTask>
}

export const taskSchedule = (tasks: ReadonlyArray<WorkloadTask>): TaskSchedule => {
  const next = new Map<string, WorkloadTask>()
  const timed: Array<WorkloadTask> = []
  for (const task of tasks) {
    if (task.after === undefined) timed.push(task)
    else next.set(task.after.id, task)
  }
  return { timed: timed.sort((a, b) => a.atMs - b.atMs), next }
}
