// The ordered operators of one task with a fixed memory layout. The arena's size is the estimate.
import type { Op } from "./Op.ts"
import type { ResidentSlot } from "./Resident.ts"

/** A range of the arena that one value occupies from the op that writes it to its last reader. */
export interface PlanBuffer {
  readonly name: string
  /** Multiple of the plan's alignment. */
  readonly offset: number
  /** Rounded up to the plan's alignment. */
  readonly bytes: number
  /** Index of the op that writes it first. */
  readonly firstOp: number
  /** Index of the last op that reads it (the op count for the output: it is copied out). */
  readonly lastOp: number
}

/** What one operator costs, by formula, from shapes alone. */
export interface OpCost {
  readonly name: string
  readonly kind: Op["kind"]
  readonly outputBytes: number
  readonly scratchBytes: number
  /** Bytes of the arena that are live while it runs. */
  readonly liveBytes: number
  readonly flops: number
  readonly bytesMoved: number
  readonly predictedMs: number
}

/** Shares of the device, 0 to 1, that a run keeps busy on average: what co-located runs contend for. */
export interface Demand {
  readonly bandwidth: number
  readonly compute: number
}

export const noDemand: Demand = { bandwidth: 0, compute: 0 }

export interface Plan {
  /** "whole" keeps everything on the device at once; the others say how they take less. */
  readonly name: string
  readonly ops: ReadonlyArray<Op>
  readonly residents: ReadonlyArray<ResidentSlot>
  readonly buffers: ReadonlyArray<PlanBuffer>
  readonly costs: ReadonlyArray<OpCost>
  readonly alignBytes: number
  /** Bytes of the arena; a multiple of alignBytes. */
  readonly arenaBytes: number
  /** Sum of the slots on the device, each rounded up to alignBytes. */
  readonly residentBytes: number
  /** Largest sum of live buffers over the ops: the lower bound of any layout. */
  readonly livePeakBytes: number
  /** Index of the op at which the peak occurs. */
  readonly peakOp: number
  /**
   * The result: float32 [rows, cols] contiguous at `offset` in the arena, or in the host slot `slot`,
   * where the plan's own stores put it.
   */
  readonly output: {
    readonly slot?: number
    readonly offset: number
    readonly rows: number
    readonly cols: number
  }
  /** Predicted run time alone on one lane: the median. */
  readonly predictedMs: number
  /** Left out of a plan that no planner made: none. */
  readonly demand?: Demand
  /** Which order of products was taken, for each choice there was. */
  readonly variants?: ReadonlyArray<number>
}

export const alignUp = (bytes: number, alignBytes: number): number =>
  Math.ceil(bytes / alignBytes) * alignBytes

type Sides = Readonly<Record<"device" | "host", ReadonlyArray<ResidentSlot>>>

const sidesOf = new WeakMap<Plan["residents"], Sides>()

/** The slots of a plan that lie on the device, or those in host memory, in order. */
export const slotsOn = (
  { residents }: Pick<Plan, "residents">,
  side: keyof Sides,
): ReadonlyArray<ResidentSlot> => {
  const known = sidesOf.get(residents)
  if (known !== undefined) return known[side]
  const sides = {
    device: residents.filter(({ host }) => host !== true),
    host: residents.filter(({ host }) => host === true),
  }
  sidesOf.set(residents, sides)
  return sides[side]
}

/** Arena and residents together: the bytes this task needs on an empty device. */
export const footprintBytes = (plan: Plan): number => plan.arenaBytes + plan.residentBytes

/** The fastest plan of at most so many bytes, or null. */
export const fastestWithin = (plans: ReadonlyArray<Plan>, bytes: number): Plan | null =>
  plans.reduce<Plan | null>((best, plan) => {
    if (footprintBytes(plan) > bytes) return best
    return best === null || plan.predictedMs < best.predictedMs ? plan : best
  }, null)
