// Which matrices of a network can lie in the same memory: an operator's result may take the place of
// its input where nothing reads the input later, if it is computed part by part.
import type { Op, Operand } from "../model/Op.ts"
import { operandUses } from "../model/operandUses.ts"
import { bufferOf, type PlanDraft } from "./PlanDraft.ts"
import { axisOf } from "./partsOf.ts"

export interface SharedHomes {
  /** For each buffer the first one that lay where it lies: itself where it has its own place. */
  readonly home: ReadonlyArray<number>
  /** Columns that a home must have: those of the widest matrix in it. */
  readonly width: ReadonlyArray<number>
  /** Operators that write where they read. */
  readonly overwriting: ReadonlySet<Op>
}

/** Input and result of the operators that read whole what they write anew. */
const passage = (op: Op): { readonly from: Operand; readonly to: Operand } | null => {
  if (axisOf(op) === null) return null
  if (op.kind === "gemm") return { from: op.a, to: op.c }
  const gathers = op.kind === "spmm" || op.kind === "gat" || op.kind === "gatv2"
  return gathers ? { from: op.x, to: op.y } : null
}

/**
 * Other columns of the input must lie beyond those that the result takes; the same columns are cut into
 * the same parts.
 */
const leavesTheRest = (op: Op, from: Operand, columns: number): boolean =>
  operandUses(op).every(
    ({ operand, access }) =>
      operand.offset === from.offset ||
      access === "write" ||
      operand.slot !== from.slot ||
      operand.offset >= columns * 4,
  )

const lastUses = (ops: ReadonlyArray<Op>, buffers: number): ReadonlyArray<number> => {
  const last = new Array<number>(buffers).fill(-1)
  ops.forEach((op, i) => {
    for (const { operand } of operandUses(op)) {
      if (bufferOf(operand) >= 0) last[bufferOf(operand)] = i
    }
  })
  return last
}

/** The result, contiguous, shares a home of its own width alone; none where it goes to the host. */
export const sharedHomes = (
  { ops, buffers }: PlanDraft,
  result: { readonly buffer: number; readonly onHost: boolean },
): SharedHomes => {
  const home = buffers.map((_, b) => b)
  const width = buffers.map(({ cols }) => cols)
  const overwriting = new Set<Op>()
  const last = lastUses(ops, buffers.length)
  const written = new Set<number>()
  ops.forEach((op, i) => {
    const found = passage(op)
    if (found === null) return
    const [from, to] = [bufferOf(found.from), bufferOf(found.to)]
    const isNew = to >= 0 && !written.has(to)
    written.add(to)
    if (!isNew || from < 0 || last[from] !== i || found.from.offset !== 0) return
    const { rows, cols } = buffers[to]
    const place = home[from]
    if (buffers[from].rows !== rows || !leavesTheRest(op, found.from, cols)) return
    if (to === result.buffer && (result.onHost || width[place] !== cols)) return
    home[to] = place
    width[place] = Math.max(width[place], cols)
    overwriting.add(op)
  })
  return { home, width, overwriting }
}
