// Attention over incoming edges with the plain three-pass softmax (largest logit, sum, weighted
// sum), on purpose not the online one of the kernels.
import type { GatOp } from "../../model/Op.ts"
import { rowStore } from "./epilogue.ts"
import { type FloatView, floatsOf, intsOf, type ReferenceMemory } from "./memory.ts"

export const runGat = (op: GatOp, memory: ReferenceMemory): void => {
  const x = floatsOf(memory, op.x)
  const scoreSrc = floatsOf(memory, op.scoreSrc)
  const scoreDst = floatsOf(memory, op.scoreDst)
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
      const target = scoreDst.data[scoreDst.base + r * scoreDst.ld + h]!
      const logits = sources.map((source) => {
        const v = scoreSrc.data[scoreSrc.base + source * scoreSrc.ld + h]! + target
        return v > 0 ? v : op.negativeSlope * v
      })
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
  { heads, headWidth, concat }: GatOp,
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
