// Attention over incoming edges with the plain three-pass softmax (largest logit, sum, weighted
// sum), on purpose not the online one of the kernels.
import type { GatOp, GatV2Op } from "../../model/Op.ts"
import { rowStore } from "./epilogue.ts"
import { type FloatView, floatsOf, intsOf, type ReferenceMemory } from "./memory.ts"

/** The logit of one edge and head. */
type Logit = (source: number, target: number, head: number) => number

const leakyRelu = (slope: number, v: number): number => (v > 0 ? v : slope * v)

export const runGat = (op: GatOp, memory: ReferenceMemory): void => {
  const src = floatsOf(memory, op.scoreSrc)
  const dst = floatsOf(memory, op.scoreDst)
  attend(op, memory, (source, target, h) => {
    const own = dst.data[dst.base + target * dst.ld + h]!
    return leakyRelu(op.negativeSlope, src.data[src.base + source * src.ld + h]! + own)
  })
}

export const runGatV2 = (op: GatV2Op, memory: ReferenceMemory): void => {
  const x = floatsOf(memory, op.x)
  const added = floatsOf(memory, op.target)
  const att = floatsOf(memory, op.att)
  attend(op, memory, (source, target, h) => {
    let logit = 0
    for (let c = h * op.headWidth; c < (h + 1) * op.headWidth; c++) {
      const v =
        x.data[x.base + source * x.ld + c]! + added.data[added.base + target * added.ld + c]!
      logit += att.data[att.base + c]! * leakyRelu(op.negativeSlope, v)
    }
    return logit
  })
}

const attend = (op: GatOp | GatV2Op, memory: ReferenceMemory, logit: Logit): void => {
  const x = floatsOf(memory, op.x)
  const offsets = intsOf(memory, op.rowOffsets)
  const columns = intsOf(memory, op.colIndices)
  const store = rowStore(memory, op.epilogue, floatsOf(memory, op.y))
  const acc = new Float64Array(op.concat ? op.heads * op.headWidth : op.headWidth)

  for (let r = 0; r < op.m; r++) {
    const sources: Array<number> = []
    for (let e = offsets.data[offsets.base + r]!; e < offsets.data[offsets.base + r + 1]!; e++) {
      const col = columns.data[columns.base + e]!
      if (!(op.selfLoops && col === r)) sources.push(col)
    }
    if (op.selfLoops) sources.push(r)

    acc.fill(0)
    for (let h = 0; h < op.heads; h++) {
      const logits = sources.map((source) => logit(source, r, h))
      addHead(op, x, h, sources, softmax(logits), acc)
    }
    store(r, acc)
  }
}

const softmax = (logits: ReadonlyArray<number>): ReadonlyArray<number> => {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** Adds head h to its own columns, or a share of it to the columns that all heads have in common. */
const addHead = (
  { heads, headWidth, concat }: GatOp | GatV2Op,
  x: FloatView,
  h: number,
  sources: ReadonlyArray<number>,
  weights: ReadonlyArray<number>,
  acc: Float64Array,
): void => {
  const share = concat ? 1 : 1 / heads
  const first = concat ? h * headWidth : 0
  sources.forEach((source, e) => {
    const row = x.base + source * x.ld + h * headWidth
    for (let c = 0; c < headWidth; c++) acc[first + c]! += share * weights[e]! * x.data[row + c]!
  })
}
