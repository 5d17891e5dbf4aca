// How long each operator of a plan takes alone on a simulated device, from its costs.
import type { Plan } from "../../model/Plan.ts"
import type { OpTiming } from "../../model/Task.ts"

export interface PlanTime {
  /** Alone, without jitter. */
  readonly workMs: number
  /** End of each operator, alone. */
  readonly opEndsMs: ReadonlyArray<number>
}

const known = new WeakMap<Plan, PlanTime>()

export const planTime = (plan: Plan): PlanTime => {
  const found = known.get(plan)
  if (found !== undefined) return found
  let workMs = 0
  const opEndsMs = plan.costs.map((cost) => {
    workMs += cost.predictedMs
    return workMs
  })
  const time = { workMs, opEndsMs }
  known.set(plan, time)
  return time
}

/** The first `opsDone` operators of a plan, spread over `runMs` as their predicted times are. */
export const opTimings = (plan: Plan, opsDone: number, runMs: number): ReadonlyArray<OpTiming> => {
  const { opEndsMs } = planTime(plan)
  const workMs = opsDone === 0 ? 0 : opEndsMs[opsDone - 1]!
  const scale = workMs === 0 ? 0 : runMs / workMs
  return plan.ops.slice(0, opsDone).map(({ name }, op) => ({
    name,
    startMs: op === 0 ? 0 : opEndsMs[op - 1]! * scale,
    endMs: opEndsMs[op]! * scale,
  }))
}
