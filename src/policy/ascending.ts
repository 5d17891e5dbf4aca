// One queue sorted by a key and served from its small end.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { tasksNeeded } from "./fillGroup.ts"
import { type SortKey, selectFirst } from "./selectFirst.ts"

/** As many tasks as one decision can use. */
export const ascending = (snapshot: Snapshot, key: SortKey): ReadonlyArray<WaitingTask> =>
  selectFirst(snapshot.waiting, { key, end: "first", count: tasksNeeded(snapshot) })
