// When each buffer of a draft is alive, and the most bytes that are alive at once: the lower bound
// of every layout.
import type { Op } from "../model/Op.ts"
import { operandUses } from "../model/operandUses.ts"
import { alignUp } from "../model/Plan.ts"
import { bufferOf, type DraftBuffer } from "./PlanDraft.ts"

export interface LiveRange {
  readonly name: string
  /** Rounded up to the alignment. */
  readonly bytes: number
  /** The op that writes it first. */
  readonly firstOp: number
  /** The last op that touches it; the op count for the output, which is copied out. */
  readonly lastOp: number
}

export interface Liveness {
  /** One per buffer, in the order of the buffers, which is the order of first writes. */
  readonly ranges: ReadonlyArray<LiveRange>
  /** Bytes alive while each op runs. */
  readonly liveBytes: ReadonlyArray<number>
  readonly livePeakBytes: number
  readonly peakOp: number
}

/** Bytes alive at each of `steps` moments, from what begins and ends there. */
const sumOverTime = (ranges: ReadonlyArray<LiveRange>, steps: number): ReadonlyArray<number> => {
  const change = new Array<number>(steps + 2).fill(0)
  for (const { bytes, firstOp, lastOp } of ranges) {
    change[firstOp] += bytes
    change[lastOp + 1] -= bytes
  }
  let sum = 0
  return change.slice(0, steps).map((delta) => (sum += delta))
}

/** Of the buffers in the arena or, for `host`, in host memory: the others count as of no bytes. */
export const liveness = (
  ops: ReadonlyArray<Op>,
  buffers: ReadonlyArray<DraftBuffer>,
  output: number,
  { alignBytes, host }: { readonly alignBytes: number; readonly host: boolean },
): Liveness => {
  const first = new Array<number>(buffers.length).fill(-1)
  const last = new Array<number>(buffers.length).fill(-1)
  ops.forEach((op, i) => {
    for (const { operand } of operandUses(op)) {
      const buffer = bufferOf(operand)
      if (buffer < 0) continue
      if (first[buffer] === -1) first[buffer] = i
      last[buffer] = i
    }
  })
  if (output >= 0) last[output] = ops.length
  const ranges = buffers.map((buffer, b) => ({
    name: buffer.name,
    bytes: buffer.host === host ? alignUp(buffer.bytes, alignBytes) : 0,
    firstOp: first[b],
    lastOp: last[b],
  }))
  const liveBytes = sumOverTime(ranges, ops.length)
  const livePeakBytes = liveBytes.reduce((a, b) => Math.max(a, b), 0)
  return { ranges, liveBytes, livePeakBytes, peakOp: liveBytes.indexOf(livePeakBytes) }
}
