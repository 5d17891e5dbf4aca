// GNNSched's device for groups of like size: the bytes at which SQTF and BQT close a group.
import type { Snapshot } from "../model/Snapshot.ts"
import type { TaskOrder } from "../model/WaitingTasks.ts"

/** Tasks without a target come after all that have one. */
export const byQosTarget: TaskOrder = {
  key: ({ qosTargetMs }) => qosTargetMs ?? Number.POSITIVE_INFINITY,
}

/**
 * ceil(S / ceil(S / budget)) for S the bytes of all that wait: with ceil(S / budget) groups, the
 * bytes of each were they equal. Null in continuous mode, where there is no group to close.
 *
 * The prototype compares the bytes already in the group (strictly greater) before it adds a task,
 * and never the sum with the task, so its groups exceed the budget. Here the same test closes the
 * group, and a task that does not fit closes it earlier.
 */
export const qosThreshold = ({ memory, mode, waiting }: Snapshot): number | null => {
  if (mode === "continuous") return null
  const groups = Math.max(1, Math.ceil(waiting.footprintBytes / memory.budgetBytes))
  return Math.ceil(waiting.footprintBytes / groups)
}
