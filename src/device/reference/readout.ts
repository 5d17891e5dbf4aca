// y[g, :] = reduce over the nodes of graph g; an empty graph gives 0.
import type { ReadoutOp } from "../../model/Op.ts"
import { floatsOf, intsOf, type ReferenceMemory } from "./memory.ts"

export const runReadout = (op: ReadoutOp, memory: ReferenceMemory): void => {
  const offsets = intsOf(memory, op.graphOffsets)
  const x = floatsOf(memory, op.x)
  const y = floatsOf(memory, op.y)
  for (let g = 0; g < op.graphs; g++) {
    const first = offsets.data[offsets.base + g]!
    const end = offsets.data[offsets.base + g + 1]!
    for (let c = 0; c < op.n; c++) {
      let acc = op.reduce === "max" && end > first ? Number.NEGATIVE_INFINITY : 0
      for (let r = first; r < end; r++) {
        const v = x.data[x.base + r * x.ld + c]!
        acc = op.reduce === "max" ? Math.max(acc, v) : acc + v
      }
      if (op.reduce === "mean") acc /= Math.max(end - first, 1)
      y.data[y.base + g * y.ld + c] = acc
    }
  }
}
