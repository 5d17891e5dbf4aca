// When the operators of a simulated run began and ended.
import type { Plan } from "../../model/Plan.ts"
import { workBefore } from "../../model/planWork.ts"
import type { OpTiming } from "../../model/Task.ts"

/** Operators `first` to `end` of a plan, spread over `runMs` as their predicted times are. */
export const opTimings = (
  plan: Plan,
  [first, end]: readonly [number, number],
  runMs: number,
): ReadonlyArray<OpTiming> => {
  const before = workBefore(plan, first)
  const workMs = workBefore(plan, end) - before
  const scale = workMs === 0 ? 0 : runMs / workMs
  return plan.ops.slice(first, end).map(({ name }, i) => ({
    name,
    startMs: (workBefore(plan, first + i) - before) * scale,
    endMs: (workBefore(plan, first + i + 1) - before) * scale,
  }))
}
