// What a plan asks of a simulated device, from its costs: how long each operator takes alone, and
// how much of the memory bandwidth it keeps busy meanwhile.
import type { Plan } from "../../model/Plan.ts"
import type { OpTiming } from "../../model/Task.ts"

export interface PlanTime {
  /** Alone, without jitter. */
  readonly workMs: number
  /** End of each operator, alone. */
  readonly opEndsMs: ReadonlyArray<number>
  /** Bytes per millisecond, on average. */
  readonly bytesPerMs: number
}

const known = new WeakMap<Plan, PlanTime>()

export const planTime = (plan: Plan): PlanTime => {
  const found = known.get(plan)
  if (found !== undefined) return found
  let workMs = 0
  let bytes = 0
  const opEndsMs = plan.costs.map((cost) => {
    bytes += cost.bytesMoved
    workMs += cost.predictedMs
    return workMs
  })
  const time = { workMs, opEndsMs, bytesPerMs: workMs === 0 ? 0 : bytes / workMs }
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
