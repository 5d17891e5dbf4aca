// A policy of the application's own: it says who is next, the runtime starts as many as fit.
import type { Policy, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { elasticAt, fillGroup } from "./fillGroup.ts"

/**
 * Waiting tasks in the order in which they should start; asked whenever a lane is free (in groups mode
 * when nothing runs). Only as many are read as start, so a generator need not line up all of them. They
 * start until one does not fit the lanes or the memory; ending early starts no more. `nowMs` is
 * milliseconds since the runtime was opened, as are the times of the tasks. What the snapshot holds is valid
 * until the call returns.
 */
export type ChooseTasks = (snapshot: Snapshot, nowMs: number) => Iterable<WaitingTask>

function* once(tasks: Iterable<WaitingTask>): Generator<WaitingTask> {
  const seen = new Set<string>()
  for (const task of tasks) {
    if (seen.has(task.id)) continue
    seen.add(task.id)
    yield task
  }
}

export const ownPolicy =
  (choose: ChooseTasks): Policy =>
  (snapshot, nowMs) =>
    fillGroup(once(choose(snapshot, nowMs)), snapshot, elasticAt(nowMs))
