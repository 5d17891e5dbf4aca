// How far a plan has come, in the predicted time of its operators.
import type { Plan } from "./Plan.ts"

const known = new WeakMap<Plan, ReadonlyArray<number>>()

/** End of each operator, alone, from the plan's beginning. */
export const opEndsMs = (plan: Plan): ReadonlyArray<number> => {
  const found = known.get(plan)
  if (found !== undefined) return found
  let endMs = 0
  const ends = plan.costs.map(({ predictedMs }) => {
    endMs += predictedMs
    return endMs
  })
  known.set(plan, ends)
  return ends
}

/** Time of the operators before `op`. */
export const workBefore = (plan: Plan, op: number): number =>
  op === 0 ? 0 : opEndsMs(plan)[op - 1]!

/** What is left of a plan from `op` on, as a part of the whole. */
export const partFrom = (plan: Plan, op: number): number => {
  const workMs = workBefore(plan, plan.costs.length)
  return workMs === 0 ? 1 : 1 - workBefore(plan, op) / workMs
}
