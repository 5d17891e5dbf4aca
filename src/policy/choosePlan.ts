// With which of its plans a task starts: the one by which it is finished first, loading and the wait for
// room included. Where that one has no room yet, the task waits.
import type { PoolLayout } from "../cost/PoolLayout.ts"
import { alignUp } from "../model/Plan.ts"
import type { PlanOption, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { withPlan } from "../model/WaitingTask.ts"
import { loadMs } from "./loadMs.ts"
import { progressOf } from "./runProgress.ts"

/** What the choice is made for. */
export interface Room {
  /** As it is with what was chosen before; the plan that is chosen is placed in it. */
  readonly layout: PoolLayout
  readonly snapshot: Snapshot
  /** What was chosen before in this decision, each by the plan it starts with; none where left out. */
  readonly chosen?: ReadonlyArray<PlanOption>
  /** The moment for which smaller plans are weighed; null: only the largest one will do. */
  readonly elasticAtMs: number | null
}

/** The place of the plan, which now lies in the layout; null: the task waits for memory. */
export const choosePlan = (task: WaitingTask, room: Room): number | null => {
  const { elasticAtMs, layout } = room
  if (layout.place(task) !== null) return 0
  if (task.options === undefined || elasticAtMs === null) return null
  const options = task.options.all
  const takesMs = options.map(
    (option) => loadMs(option.residents, room.snapshot) + option.predictedMs,
  )
  const releases = releasesOf(room, elasticAtMs)
  // By whichever plan the task would wait for: the end that starting now has to beat.
  const soonest = Math.min(
    ...options.map((option, at) => waitForRoomMs(option, layout, releases) + takesMs[at]!),
  )
  const bySpeed = [...options.keys()].slice(1).sort((a, b) => takesMs[a]! - takesMs[b]!)
  for (const index of bySpeed) {
    if (takesMs[index]! >= soonest) return null
    if (layout.place(withPlan(task, index)) !== null) return index
  }
  return null
}

interface Release {
  readonly afterMs: number
  readonly bytes: number
}

/** What ends, in order, with the bytes that it gives back: also what this decision starts. */
const releasesOf = ({ chosen = [], snapshot }: Room, nowMs: number): ReadonlyArray<Release> => {
  const bytesOf = ({ footprintBytes }: { readonly footprintBytes: number }) =>
    alignUp(footprintBytes, snapshot.memory.alignBytes)
  const running = progressOf(snapshot, nowMs).map(({ endsAtMs, task }) => ({
    afterMs: endsAtMs - nowMs,
    bytes: bytesOf(task),
  }))
  const starting = chosen.map((option) => ({
    afterMs: loadMs(option.residents, snapshot) + option.predictedMs,
    bytes: bytesOf(option),
  }))
  return [...running, ...starting].sort((a, b) => a.afterMs - b.afterMs)
}

/**
 * Until so much has ended that its bytes make room, as far as can be told: infinite where it does not, since
 * nobody knows when what was stopped gives its memory.
 */
const waitForRoomMs = (
  { arenaBytes, residents }: PlanOption,
  layout: PoolLayout,
  releases: ReadonlyArray<Release>,
): number => {
  const { bytesEvictable, bytesFree, bytesNeeded } = layout.explainMisfit({ arenaBytes, residents })
  let roomBytes = bytesFree + bytesEvictable
  for (const { afterMs, bytes } of releases) {
    roomBytes += bytes
    if (roomBytes >= bytesNeeded) return afterMs
  }
  return Number.POSITIVE_INFINITY
}
