// From measured pairs to the two coefficients of the interference model.

import type { InterferenceModel } from "../../model/Interference.ts"
import type { Demand } from "../../model/Plan.ts"
import { contention } from "../interference.ts"
import { nonNegativeFit } from "./nonNegativeFit.ts"

export interface MeasuredPair {
  readonly own: Demand
  readonly other: Demand
  /** Time beside the other over time alone. */
  readonly slowdown: number
}

/**
 * Least squares on relative error of the slowdown: 1 is not fitted, so it is a feature of its own
 * that is held in place by what is subtracted from the value.
 */
export const fitInterference = (pairs: ReadonlyArray<MeasuredPair>): InterferenceModel => {
  const samples = pairs.map(({ own, other, slowdown }) => ({
    features: [...contention(own, [other])],
    value: Math.max(0.01, slowdown - 1),
    // Errors relative to the slowdown, not to what exceeds 1.
    weight: (Math.max(0.01, slowdown - 1) / slowdown) ** 2,
  }))
  const [memory = 0, core = 0] = nonNegativeFit(samples, Number.POSITIVE_INFINITY)
  return { kind: "fitted", memory, core }
}
