// The plans that a task is given. Smaller ones take milliseconds to make, so they are made when somebody asks
// for them: a policy that has no room for the first one, or the estimator where no device could hold it.
import { FirstAtHand } from "../model/FirstAtHand.ts"
import { footprintBytes, type Plan } from "../model/Plan.ts"
import type { PlannedWork, PlanShelf } from "./PlanShelf.ts"

/** A task whose whole plan takes less than this part of the device is not given smaller ones. */
const elasticShare = 1 / 16

/**
 * The whole plan, and for a task that takes much of the device smaller ones; where the device cannot hold
 * the whole, the largest that it can, or the smallest of all.
 */
export const plansFor = (
  work: PlannedWork,
  whole: Plan,
  shelf: PlanShelf,
  budgetBytes: number,
): FirstAtHand<Plan> => {
  const bytes = footprintBytes(whole)
  if (bytes <= elasticShare * budgetBytes) return new FirstAtHand(whole)
  const all = () => shelf.all(work, whole)
  if (bytes <= budgetBytes) return new FirstAtHand(whole, () => all().slice(1))
  const fitting = all().filter((plan) => footprintBytes(plan) <= budgetBytes)
  const [first = all().at(-1)!, ...rest] = fitting
  return new FirstAtHand(first, rest.length === 0 ? null : () => rest)
}
