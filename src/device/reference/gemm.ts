// c[m, n] = epilogue(a[m, k] * b[k, n]), the textbook loops.
import type { GemmOp } from "../../model/Op.ts"
import { rowStore } from "./epilogue.ts"
import { floatsOf, type ReferenceMemory } from "./memory.ts"

export const runGemm = (op: GemmOp, memory: ReferenceMemory): void => {
  const a = floatsOf(memory, op.a)
  const b = floatsOf(memory, op.b)
  const store = rowStore(memory, op.epilogue, floatsOf(memory, op.c))
  const acc = new Float64Array(op.n)
  for (let r = 0; r < op.m; r++) {
    acc.fill(0)
    for (let p = 0; p < op.k; p++) {
      const left = a.data[a.base + r * a.ld + p]!
      for (let c = 0; c < op.n; c++) acc[c]! += left * b.data[b.base + p * b.ld + c]!
    }
    store(r, acc)
  }
}
