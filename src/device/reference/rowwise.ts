// y[r, :] = epilogue of the row, divided by its L2 norm where `l2` asks for it; y may be x.
import type { RowwiseOp } from "../../model/Op.ts"
import { rowStore } from "./epilogue.ts"
import { floatsOf, type ReferenceMemory } from "./memory.ts"

/** torch.nn.functional.normalize's eps. */
const normFloor = 1e-12

export const runRowwise = (op: RowwiseOp, memory: ReferenceMemory): void => {
  const x = floatsOf(memory, op.x)
  const store = rowStore(memory, op.epilogue, floatsOf(memory, op.y))
  const acc = new Float64Array(op.n)
  for (let r = 0; r < op.m; r++) {
    let squares = 0
    for (let c = 0; c < op.n; c++) {
      acc[c] = x.data[x.base + r * x.ld + c]!
      squares += acc[c]! * acc[c]!
    }
    if (op.l2) {
      // Math.max hands NaN on, so a row with NaN stays NaN.
      const norm = Math.max(Math.sqrt(squares), normFloor)
      for (let c = 0; c < op.n; c++) acc[c]! /= norm
    }
    store(r, acc)
  }
}
