// How co-located tasks slow each other: from the demand of each on memory and on arithmetic, never
// from a table of pairs, so that unseen pairs are predicted as well.
//
//   shares:  slowdown = max(1, sum of bandwidth, sum of compute), the same for all
//   fitted:  slowdown_i = max(1, sum of compute)
//                         * (1 + memory * b_i * B_i + core * (1 - b_i) * C_i)
//
// with b the part of a task's time that waits for memory, B_i the sum of b over the others and C_i
// the sum of 1 - b over the others: what waits suffers from traffic, what computes from whatever the
// cores share (a sibling thread, heat).
import { type InterferenceModel, shares } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"

/** How many times as long each task takes as alone, in the order of the demands; at least 1. */
export const slowdown = (
  demands: ReadonlyArray<Demand>,
  model: InterferenceModel = shares,
): ReadonlyArray<number> => slowdownInto([], demands, model)

/** The same, written over what `into` held: for those who ask time and again. */
export const slowdownInto = (
  into: Array<number>,
  demands: ReadonlyArray<Demand>,
  model: InterferenceModel,
): ReadonlyArray<number> => {
  let bandwidth = 0
  let compute = 0
  for (const demand of demands) {
    bandwidth += demand.bandwidth
    compute += demand.compute
  }
  // A list that is told its length, as it is, takes as long as all the rest.
  if (into.length > demands.length) into.length = demands.length
  const crowd = Math.max(1, compute)
  if (model.kind === "shares") {
    const each = Math.max(crowd, bandwidth)
    for (let at = 0; at < demands.length; at++) into[at] = each
    return into
  }
  const waiters = demands.length - 1
  for (let at = 0; at < demands.length; at++) {
    const { bandwidth: b } = demands[at]!
    const othersWait = bandwidth - b
    const contention = model.memory * b * othersWait + model.core * (1 - b) * (waiters - othersWait)
    into[at] = crowd * (1 + contention)
  }
  return into
}

/** What multiplies `memory` and `core` for one task beside the others: the features of a fit. */
export const contention = (
  own: Demand,
  others: ReadonlyArray<Demand>,
): readonly [number, number] => {
  const waits = others.reduce((sum, { bandwidth }) => sum + bandwidth, 0)
  return [own.bandwidth * waits, (1 - own.bandwidth) * (others.length - waits)]
}
