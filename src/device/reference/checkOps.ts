// Looks at a list of ops before anything runs: every operand inside its range, every index inside
// its matrix, no combination that the op does not define.
import { PlanRefused } from "../../model/errors.ts"
import type { Op, Operand, SpmmOp } from "../../model/Op.ts"
import { extentBytes, type OperandUse, operandUses } from "../../model/operandUses.ts"
import { elementBytes } from "../../model/precision.ts"
import { intsOf, type ReferenceMemory } from "./memory.ts"

/** What is wrong with the first bad op, or null. `arenaBytes` bounds operands of slot -1. */
export const checkOps = (
  ops: ReadonlyArray<Op>,
  memory: ReferenceMemory,
  arenaBytes: number,
): PlanRefused | null => {
  for (const [index, op] of ops.entries()) {
    const place = `ops[${index}] ${op.name}`
    for (const use of operandUses(op)) {
      const reason = hostFault(op, use, memory) ?? operandFault(use, memory, arenaBytes)
      if (reason !== null) return new PlanRefused({ place: `${place} ${use.field}`, reason })
    }
    const reason = shapeFault(op) ?? indexFault(op, memory)
    if (reason !== null) return new PlanRefused({ place, reason })
  }
  return null
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** Only copies reach the host, and they write only where the plan may. */
const hostFault = (
  { kind }: Op,
  { access, operand }: OperandUse,
  { host }: ReferenceMemory,
): string | null => {
  const own = host?.get(operand.slot)
  if (own === undefined) {
    return operand.slot >= 0 && access === "write" ? "residents are read-only" : null
  }
  if (kind !== "copy") return "only copies reach host memory"
  return access === "write" && own === null ? "the slot is read-only" : null
}

const operandFault = (
  use: OperandUse,
  memory: ReferenceMemory,
  arenaBytes: number,
): string | null => {
  const { slot, offset, ld } = use.operand
  const inArena = slot === -1
  if (!inArena && !(isCount(slot) && slot < memory.residents.length)) {
    return `slot ${slot} of ${memory.residents.length}`
  }
  if (!isCount(use.rows) || !isCount(use.cols)) return `extent ${use.rows} x ${use.cols}`
  const element = elementBytes(use.operand)
  if (!isCount(offset) || offset % element !== 0) {
    return `offset ${offset} is not a multiple of ${element}`
  }
  if (inArena && use.element === "int") return "indices must be resident"
  if (!inArena && element !== 4) return "residents and host memory hold float32 and int32 alone"
  if (use.isVector && ld !== 1) return `ld of a vector must be 1, not ${ld}`
  if (use.rows > 1 && !(isCount(ld) && ld >= use.cols)) {
    return `leading dimension ${ld} of ${use.cols} columns`
  }
  const own = memory.host?.get(slot)?.byteLength
  const limit = inArena ? arenaBytes : own ? own / 2 : memory.residents[slot]!.byteLength
  const end = extentBytes(use)
  return end > limit ? `ends at byte ${end} of ${limit}` : null
}

/** Combinations that Op.ts rules out. */
const shapeFault = (op: Op): string | null => {
  if (op.kind !== "spmm") return null
  if (op.selfCoefficient !== 0 && op.m !== op.k) return `a self term needs m = k: ${op.m}, ${op.k}`
  return op.reduce === "max" ? maxFault(op) : null
}

const maxFault = ({ values, colScale, selfCoefficient }: SpmmOp): string | null =>
  values !== null || colScale !== null || selfCoefficient !== 0
    ? "max takes neither values nor scales nor a self term"
    : null

const indexFault = (op: Op, memory: ReferenceMemory): string | null => {
  switch (op.kind) {
    case "spmm":
    case "densify":
      return csrFault(memory, { ...op, cols: op.k })
    case "aggGemm":
    case "gat":
    case "gatv2":
      return csrFault(memory, { ...op, cols: op.m })
    case "readout":
      return offsetsFault(memory, op.graphOffsets, op.graphs, op.m)
    case "gather":
      return valuesFault(memory, op.rows, op.count, op.m)
    default:
      return null
  }
}

interface Csr {
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  readonly m: number
  readonly nnz: number
  readonly cols: number
}

const csrFault = (memory: ReferenceMemory, csr: Csr): string | null =>
  offsetsFault(memory, csr.rowOffsets, csr.m, csr.nnz) ??
  valuesFault(memory, csr.colIndices, csr.nnz, csr.cols)

/** Offsets rise from 0 or more to `limit` or less. */
const offsetsFault = (
  memory: ReferenceMemory,
  operand: Operand,
  rows: number,
  limit: number,
): string | null => {
  const { data, base } = intsOf(memory, operand)
  let last = 0
  for (let r = 0; r <= rows; r++) {
    const offset = data[base + r]!
    if (offset < last || offset > limit) return `row offset ${r} is ${offset}: ${last}…${limit}`
    last = offset
  }
  return null
}

const valuesFault = (
  memory: ReferenceMemory,
  operand: Operand,
  count: number,
  bound: number,
): string | null => {
  const { data, base } = intsOf(memory, operand)
  for (let i = 0; i < count; i++) {
    const value = data[base + i]!
    if (value < 0 || value >= bound) return `index ${i} is ${value} of ${bound}`
  }
  return null
}
