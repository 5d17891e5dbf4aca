// y[r, :] = x[r, :] - log(sum(exp(x[r, :]))), shifted by the row's largest element; y may be x.
import type { LogSoftmaxOp } from "../../model/Op.ts"
import { floatsOf, type ReferenceMemory } from "./memory.ts"

export const runLogSoftmax = (op: LogSoftmaxOp, memory: ReferenceMemory): void => {
  const x = floatsOf(memory, op.x)
  const y = floatsOf(memory, op.y)
  for (let r = 0; r < op.m; r++) {
    const row = x.base + r * x.ld
    let largest = Number.NEGATIVE_INFINITY
    for (let c = 0; c < op.n; c++) largest = Math.max(largest, x.data[row + c]!)
    let sum = 0
    for (let c = 0; c < op.n; c++) sum += Math.exp(x.data[row + c]! - largest)
    const shift = largest + Math.log(sum)
    for (let c = 0; c < op.n; c++) y.data[y.base + r * y.ld + c] = x.data[row + c]! - shift
  }
}
