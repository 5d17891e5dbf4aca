// y = epilogue(s * b), row by row: s as of spmm, kept for no longer than its row needs it.
import type { AggGemmOp } from "../../model/Op.ts"
import { rowStore } from "./epilogue.ts"
import { floatsOf, type ReferenceMemory } from "./memory.ts"
import { rowSum } from "./spmm.ts"

export const runAggGemm = (op: AggGemmOp, memory: ReferenceMemory): void => {
  const sum = rowSum(op, memory)
  const b = floatsOf(memory, op.b)
  const store = rowStore(memory, op.epilogue, floatsOf(memory, op.y))
  const aggregated = new Float64Array(op.k)
  const acc = new Float64Array(op.n)
  for (let r = 0; r < op.m; r++) {
    sum(r, aggregated)
    acc.fill(0)
    for (let p = 0; p < op.k; p++) {
      const s = aggregated[p]!
      for (let c = 0; c < op.n; c++) acc[c]! += s * b.data[b.base + p * b.ld + c]!
    }
    store(r, acc)
  }
}
