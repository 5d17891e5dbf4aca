// Predicted time of one operator on one lane, and how much of it waits for memory: by coefficients
// fitted on the device where there are any, else by a roofline, in which arithmetic overlaps with
// memory, and streams and gathers share the memory system, so that their times add up.
import type { GraphShape } from "../model/Graph.ts"
import type { CopyOp, Op } from "../model/Op.ts"
import type { Demand } from "../model/Plan.ts"
import type { DeviceProfile } from "./DeviceProfile.ts"
import { fittedTime, opFeatures } from "./opFeatures.ts"
import { type OpWork, opWork } from "./opWork.ts"

export interface OpTime {
  readonly ms: number
  /** Milliseconds at full use of the memory system, and of the arithmetic units. */
  readonly memoryMs: number
  readonly computeMs: number
}

const rooflineTime = (work: OpWork, profile: DeviceProfile): OpTime => {
  const computeMs = (1000 * work.flops) / profile.flopsPerSecond
  const memoryMs =
    1000 *
    (work.streamBytes / profile.bytesPerSecond + work.gatherBytes / profile.gatherBytesPerSecond)
  const total = profile.totalBytesPerSecond ?? profile.bytesPerSecond
  const ms = profile.opOverheadMs + Math.max(computeMs, memoryMs)
  const sharedMs = (1000 * (work.streamBytes + work.gatherBytes)) / total
  return { ms, memoryMs: sharedMs, computeMs: computeMs * (profile.laneShare ?? 1) }
}

/** A copy to or from the host goes at the pace of the link, where that is slower than memory. */
const atLinkPace = (op: CopyOp, time: OpTime, profile: DeviceProfile): OpTime => {
  if (op.link === "within" || profile.hostBytesPerSecond === undefined) return time
  const linkMs = (1000 * op.m * op.n * 4) / profile.hostBytesPerSecond
  return { ...time, ms: Math.max(time.ms, profile.opOverheadMs + linkMs) }
}

const timeOf = (op: Op, shape: GraphShape, profile: DeviceProfile): OpTime => {
  const nanoseconds = profile.fitted?.nanoseconds[op.kind]
  if (profile.fitted === undefined || nanoseconds === undefined) {
    return rooflineTime(opWork(op), profile)
  }
  const { ms, memoryMs } = fittedTime(
    op.kind,
    opFeatures(op, shape, profile.fitted.caches),
    nanoseconds,
  )
  // A core is taken whole for as long as the operator runs, whatever it waits for.
  return { ms, memoryMs, computeMs: ms * (profile.laneShare ?? 1) }
}

export const predictOp = (op: Op, shape: GraphShape, profile: DeviceProfile): OpTime => {
  const time = timeOf(op, shape, profile)
  return op.kind === "copy" ? atLinkPace(op, time, profile) : time
}

/** Mean demand of operators that run one after another. */
export const demandOf = (times: ReadonlyArray<OpTime>): Demand => {
  const sum = (part: (time: OpTime) => number) => times.reduce((n, time) => n + part(time), 0)
  const ms = sum((time) => time.ms)
  if (ms === 0) return { bandwidth: 0, compute: 0 }
  return {
    bandwidth: Math.min(1, sum((time) => time.memoryMs) / ms),
    compute: Math.min(1, sum((time) => time.computeMs) / ms),
  }
}
