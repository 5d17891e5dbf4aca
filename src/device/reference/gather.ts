// y[i, :] = x[rows[i], :]; a row may be asked for more than once.
import type { GatherOp } from "../../model/Op.ts"
import { floatsOf, intsOf, type ReferenceMemory } from "./memory.ts"

export const runGather = (op: GatherOp, memory: ReferenceMemory): void => {
  const rows = intsOf(memory, op.rows)
  const x = floatsOf(memory, op.x)
  const y = floatsOf(memory, op.y)
  for (let i = 0; i < op.count; i++) {
    const row = rows.data[rows.base + i]!
    for (let c = 0; c < op.n; c++) {
      y.data[y.base + i * y.ld + c] = x.data[x.base + row * x.ld + c]!
    }
  }
}
