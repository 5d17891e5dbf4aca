// One queue in an order and served from both ends in turn, the small end first: the papers'
// "balanced" orders. Both prototypes alternate over the whole run, not anew in each group, so the
// turn follows from how many tasks have been started; with one lane free at a time, a turn that
// began anew would never reach the large end.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import type { TaskOrder } from "../model/WaitingTasks.ts"

/** Ties at the large end: the latest arrival first. */
export function* alternating(
  { startedCount, waiting }: Snapshot,
  order: TaskOrder,
): Generator<WaitingTask> {
  const tasks = waiting.ordered(order)
  const ends = [tasks[Symbol.iterator](), tasks.descending()[Symbol.iterator]()] as const
  for (let turn = 0; turn < tasks.length; turn++) {
    yield ends[((startedCount + turn) % 2) as 0 | 1].next().value!
  }
}
