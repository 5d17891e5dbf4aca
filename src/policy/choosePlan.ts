// With which of its plans a task starts: the largest, or a smaller one that fits now where what it takes
// longer is less than what the task would wait for the room of the largest.
import type { PoolLayout } from "../cost/PoolLayout.ts"
import { alignUp } from "../model/Plan.ts"
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { withPlan } from "../model/WaitingTask.ts"
import { remainingOf } from "./concurrency.ts"

/** What the choice is made for. */
export interface Room {
  /** As it is with what was chosen before; the plan that is chosen is placed in it. */
  readonly layout: PoolLayout
  readonly snapshot: Snapshot
  /** The moment for which smaller plans are weighed; null: only the largest one will do. */
  readonly elasticAtMs: number | null
}

/** The place of the plan, which now lies in the layout; null: the task waits for memory. */
export const choosePlan = (task: WaitingTask, room: Room): number | null => {
  const { elasticAtMs, layout, snapshot } = room
  if (layout.place(task) !== null) return 0
  const { options } = task
  if (options === undefined || elasticAtMs === null) return null
  const waitMs = waitForRoomMs(task, layout, snapshot, elasticAtMs)
  for (let index = 1; index < options.length; index++) {
    // Each takes longer than the one before it.
    if (options[index]!.predictedMs - task.predictedMs >= waitMs) return null
    if (layout.place(withPlan(task, index)) !== null) return index
  }
  return null
}

/**
 * Until so many of the running tasks have ended that their bytes make room, as far as can be told:
 * infinite where they do not, since nobody knows when what starts now, or is stopped, gives its memory.
 */
const waitForRoomMs = (
  { arenaBytes, residents }: WaitingTask,
  layout: PoolLayout,
  { memory, running }: Snapshot,
  nowMs: number,
): number => {
  const { bytesEvictable, bytesFree, bytesNeeded } = layout.explainMisfit({ arenaBytes, residents })
  let roomBytes = bytesFree + bytesEvictable
  const ends = running.map((task) => {
    const { loadMs, runMs } = remainingOf(task, nowMs)
    return { atMs: loadMs + runMs, bytes: alignUp(task.footprintBytes, memory.alignBytes) }
  })
  for (const { atMs, bytes } of ends.sort((a, b) => a.atMs - b.atMs)) {
    roomBytes += bytes
    if (roomBytes >= bytesNeeded) return atMs
  }
  return Number.POSITIVE_INFINITY
}
