// y = epilogue(reduce over the edges of each row, plus the self term): sum, mean and max.
import type { AggGemmOp, SpmmOp } from "../../model/Op.ts"
import { rowStore } from "./epilogue.ts"
import { floatsOf, intsOf, optionalFloats, type ReferenceMemory } from "./memory.ts"

/** Adds up row r into the given array, before any epilogue. */
export type RowSum = (r: number, acc: Float64Array) => void

export const rowSum = (op: SpmmOp | AggGemmOp, memory: ReferenceMemory): RowSum => {
  const x = floatsOf(memory, op.x)
  const offsets = intsOf(memory, op.rowOffsets)
  const columns = intsOf(memory, op.colIndices)
  const values = optionalFloats(memory, op.values)
  const colScale = optionalFloats(memory, op.colScale)
  const selfWeight = optionalFloats(memory, op.selfWeight)
  const scaleOf = (node: number) => (colScale ? colScale.data[colScale.base + node]! : 1)

  return (r, acc) => {
    const n = acc.length
    acc.fill(op.reduce === "max" ? Number.NEGATIVE_INFINITY : 0)
    let counted = 0
    for (let e = offsets.data[offsets.base + r]!; e < offsets.data[offsets.base + r + 1]!; e++) {
      const col = columns.data[columns.base + e]!
      if (op.skipSelf && col === r) continue
      counted++
      const weight = (values ? values.data[values.base + e]! : 1) * scaleOf(col)
      for (let c = 0; c < n; c++) {
        const v = x.data[x.base + col * x.ld + c]!
        // Math.max hands NaN on, as torch does.
        acc[c] = op.reduce === "max" ? Math.max(acc[c]!, v) : acc[c]! + weight * v
      }
    }
    if (op.reduce === "max" && counted === 0) acc.fill(0)
    if (op.reduce === "mean") for (let c = 0; c < n; c++) acc[c]! /= Math.max(counted, 1)
    if (op.selfCoefficient !== 0) {
      const weight =
        op.selfCoefficient * scaleOf(r) * (selfWeight ? selfWeight.data[selfWeight.base + r]! : 1)
      for (let c = 0; c < n; c++) acc[c]! += weight * x.data[x.base + r * x.ld + c]!
    }
  }
}

export const runSpmm = (op: SpmmOp, memory: ReferenceMemory): void => {
  const sum = rowSum(op, memory)
  const store = rowStore(memory, op.epilogue, floatsOf(memory, op.y))
  const acc = new Float64Array(op.n)
  for (let r = 0; r < op.m; r++) {
    sum(r, acc)
    store(r, acc)
  }
}
