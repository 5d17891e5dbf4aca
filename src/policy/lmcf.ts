// LMCF, lowest memory consumption first (CoGNN, SC'22; "smcf" in its code): tasks by footprint, the
// smallest first, until the next would exceed the budget or the lanes. It packs the most tasks in
// a group and can starve the largest while small ones arrive.
import type { Policy } from "../model/Snapshot.ts"
import type { TaskOrder } from "../model/WaitingTasks.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"

export const byFootprint: TaskOrder = { key: (task) => task.footprintBytes }

export const lmcf: Policy = (snapshot) =>
  fillGroup(snapshot.waiting.ordered(byFootprint), snapshot, fillDefaults)
