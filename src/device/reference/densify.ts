// y[m, k] = the CSR matrix as a dense one; duplicate entries add up.
import type { DensifyOp } from "../../model/Op.ts"
import { floatsOf, intsOf, type ReferenceMemory } from "./memory.ts"

export const runDensify = (op: DensifyOp, memory: ReferenceMemory): void => {
  const offsets = intsOf(memory, op.rowOffsets)
  const columns = intsOf(memory, op.colIndices)
  const values = floatsOf(memory, op.values)
  const y = floatsOf(memory, op.y)
  for (let r = 0; r < op.m; r++) {
    const row = y.base + r * y.ld
    for (let c = 0; c < op.k; c++) y.data[row + c] = 0
    for (let e = offsets.data[offsets.base + r]!; e < offsets.data[offsets.base + r + 1]!; e++) {
      y.data[row + columns.data[columns.base + e]!]! += values.data[values.base + e]!
    }
  }
}
