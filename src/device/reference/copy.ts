// y[m, n] = x[m, n], to or from the host or within the device.
import type { CopyOp } from "../../model/Op.ts"
import { floatsOf, type ReferenceMemory } from "./memory.ts"

export const runCopy = (op: CopyOp, memory: ReferenceMemory): void => {
  const x = floatsOf(memory, op.x)
  const y = floatsOf(memory, op.y)
  for (let r = 0; r < op.m; r++) {
    for (let c = 0; c < op.n; c++) y.data[y.base + r * y.ld + c] = x.data[x.base + r * x.ld + c]!
  }
}
