// One queue sorted by a key and served from both ends in turn, the small end first: the papers'
// "balanced" orders. Both prototypes alternate over the whole run, not anew in each group, so the
// turn follows from how many tasks have been started; with one lane free at a time, a turn that
// began anew would never reach the large end.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { tasksNeeded } from "./fillGroup.ts"
import { type SortKey, selectFirst } from "./selectFirst.ts"

/** As many tasks as one decision can use. Ties at the large end: the latest arrival first. */
export const alternating = (snapshot: Snapshot, key: SortKey): ReadonlyArray<WaitingTask> => {
  const count = tasksNeeded(snapshot)
  const beginsLarge = snapshot.startedCount % 2 === 1
  const largeCount = beginsLarge ? Math.ceil(count / 2) : Math.floor(count / 2)
  const small = selectFirst(snapshot.waiting, { key, end: "first", count: count - largeCount })
  const large = selectFirst(snapshot.waiting, { key, end: "last", count: largeCount })
  return Array.from({ length: count }, (_, turn) => {
    const fromLarge = (turn % 2 === 1) !== beginsLarge
    return (fromLarge ? large : small)[turn >> 1]!
  })
}
