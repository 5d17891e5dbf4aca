// What waits for memory waits, perhaps, for tasks that were stopped and hold theirs. They need a lane and
// nothing else, so where the next in line finds no memory they go on: otherwise each could wait for the
// other for ever.
import type { Decision, Snapshot, WaitingTask } from "../model/Snapshot.ts"

/** `paused`: those that hold their memory, in order of arrival. */
export const letGoOn = (
  decision: Decision,
  paused: ReadonlyArray<WaitingTask>,
  { lanesFree }: Pick<Snapshot, "lanesFree">,
): Decision => {
  const { blocked, start } = decision
  if (blocked?.reason !== "memory" || paused.length === 0) return decision
  const others = paused.map(({ id }) => id).filter((id) => !start.includes(id))
  return { ...decision, start: [...start, ...others].slice(0, lanesFree) }
}
