// PRIORITY with ageing: tasks by priority + waitedMs / priorityStepMs, the highest first.
//
// The bound: all tasks age at the same rate, so their order is that of the constant
// submittedAtMs - priority * priorityStepMs. A task is therefore overtaken by no task that is d
// priorities above it and arrives d * priorityStepMs after it or later, and never starves.
import type { Policy, WaitingTask } from "../model/Snapshot.ts"
import { ascending } from "./ascending.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"

/** Waiting that raises a task by one priority. */
export const priorityStepMs = 1000

/** The key at every moment, up to a term that is the same for all. */
const agedMs = ({ priority, submittedAtMs }: WaitingTask): number =>
  submittedAtMs - priority * priorityStepMs

export const priority: Policy = (snapshot) =>
  fillGroup(ascending(snapshot, agedMs), snapshot, fillDefaults)
