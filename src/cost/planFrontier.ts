// The plans a task can choose from: the whole one, then others of fewer bytes. All compute the same
// by the same sums in the same order; what they save in memory they pay for in copies.
import * as Result from "effect/Result"
import type { InputError } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import { footprintBytes, type Plan } from "../model/Plan.ts"
import { storageOf } from "../model/precision.ts"
import type { PlanRequest } from "./PlanRequest.ts"
import { assemble, lower, planTask } from "./planTask.ts"
import { type Tiling, tilePlan } from "./tilePlan.ts"

/** The whole plan, then others. */
export type Frontier = readonly [Plan, ...ReadonlyArray<Plan>]

/** Narrower parts would fetch lines of which they read a piece. */
const leastColumns = 16
/** In one place a matrix stays whole, and finer parts save little over 8; on the host they are all there is. */
const tileCounts = { inPlace: [2, 4, 8], spilled: [2, 4, 8, 16] } as const

/** Columns of the widest matrix between operators. */
const widest = ({ config }: PlanRequest): number =>
  config.layers.reduce((n, { outWidth, heads, headWidth }) => {
    return Math.max(n, outWidth, heads * headWidth)
  }, 1)

const columnsOf = (width: number, tiles: number): number =>
  Math.max(leastColumns, Math.ceil(width / tiles / leastColumns) * leastColumns)

/** By numbers of parts, as far as the widest matrix has columns for them. */
const inParts = (
  request: PlanRequest,
  hidden: keyof typeof tileCounts,
  tiling: Pick<Tiling, "name" | "streamed">,
): ReadonlyArray<Tiling> => {
  const width = widest(request)
  return tileCounts[hidden]
    .filter((tiles) => (tiles - 1) * leastColumns < width)
    .map((tiles) => ({
      name: `${tiling.name}/${tiles}`,
      streamed: tiling.streamed,
      hidden,
      columns: columnsOf(width, tiles),
    }))
}

/** Copies move float32: what lies in two bytes is not cut. */
const tilings = (request: PlanRequest): ReadonlyArray<Tiling> => {
  if (storageOf(request.profile.precision ?? "fp32") !== null) return []
  const { featureNonZeros, featureWidth } = request.shape
  const tiles = inParts(request, "inPlace", { name: "tiles", streamed: false })
  const spilled = inParts(request, "spilled", { name: "spilled", streamed: true })
  if (featureNonZeros !== null) return [...tiles, ...spilled]
  const columns = columnsOf(featureWidth, 16)
  return [
    ...tiles,
    { name: "streamed", streamed: true, hidden: "apart", columns },
    ...inParts(request, "inPlace", { name: "streamed tiles", streamed: true }),
    ...spilled,
  ]
}

const spillBytes = ({ residents }: Plan): number =>
  residents.find(({ role }) => role === "task.spill")?.bytes ?? 0

const isAllowed = (plan: Plan): boolean =>
  plan.ops.length <= limits.maxPlanOps && spillBytes(plan) <= limits.maxSpillBytes

/** By time, each of fewer bytes than all before it. */
const paretoFront = (plans: ReadonlyArray<Plan>, below: number): ReadonlyArray<Plan> => {
  const front: Plan[] = []
  let bytes = below
  for (const plan of plans.toSorted((a, b) => a.predictedMs - b.predictedMs)) {
    if (footprintBytes(plan) >= bytes) continue
    bytes = footprintBytes(plan)
    front.push(plan)
  }
  return front
}

/** Leaves out, as long as there are too many, the plan that saves least over the one before it. */
const thinned = (whole: Plan, front: ReadonlyArray<Plan>): Frontier => {
  const plans: [Plan, ...Array<Plan>] = [whole, ...front]
  while (plans.length > limits.maxPlansPerTask) {
    let least = 1
    let ratio = Number.POSITIVE_INFINITY
    // The smallest stays: it decides what can run at all.
    for (let i = 1; i < plans.length - 1; i++) {
      const saved = footprintBytes(plans[i - 1]) / footprintBytes(plans[i])
      if (saved < ratio) [least, ratio] = [i, saved]
    }
    plans.splice(least, 1)
  }
  return plans
}

/** The whole plan first, then plans of fewer and fewer bytes that take longer and longer. */
export const planFrontier = (request: PlanRequest): Result.Result<Frontier, InputError> =>
  Result.map(planTask(request), (whole) => frontierOf(request, whole))

/** The same where `whole`, the request's whole plan, is there already. */
export const frontierOf = (request: PlanRequest, whole: Plan): Frontier => {
  // Parts get the memory that their kernels need; the operators they are parts of have none.
  const bare = lower({ ...request, profile: { ...request.profile, kernels: "cpu" } })
  const plans = tilings(request).map((tiling) =>
    assemble(tiling.name, tilePlan(request, bare, tiling)),
  )
  return thinned(whole, paretoFront(plans.filter(isAllowed), footprintBytes(whole)))
}
