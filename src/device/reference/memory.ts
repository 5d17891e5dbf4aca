// Where the reference device's numbers lie: a task's arena in float64 and the residents' bytes as
// they were uploaded. Operands become flat views; an op then indexes them with plain loops.
import type { Op, Operand } from "../../model/Op.ts"
import { operandUses } from "../../model/operandUses.ts"
import type { Plan } from "../../model/Plan.ts"
import { elementBytes, roundTo } from "../../model/precision.ts"
import { isWritten } from "../../model/Resident.ts"

export interface ReferenceMemory {
  /** One element for each four bytes of the real arena, at the same offset / 4. */
  readonly arena: Float64Array
  /**
   * One element for each two bytes of the arena, for matrices of two-byte elements; such a one that
   * overlaps with a float32 one is not noticed here.
   */
  readonly halves?: Float64Array
  /** The bytes of each resident slot, little-endian int32 or float32 by use. */
  readonly residents: ReadonlyArray<Uint8Array>
  /** Slots in host memory: the numbers of one that the plan writes, null where it only reads. */
  readonly host?: ReadonlyMap<number, Float64Array | null>
}

/** The host slots of a plan; what it writes is kept in float64, as the arena is. */
export const hostSlots = ({ residents }: Plan): ReadonlyMap<number, Float64Array | null> =>
  new Map(
    residents.flatMap((slot, i) => {
      if (slot.host !== true) return []
      const own = isWritten(slot) ? new Float64Array(slot.bytes / 4).fill(Number.NaN) : null
      return [[i, own] as const]
    }),
  )

/** Element (r, c) of the matrix is `data[base + r * ld + c]`. */
export interface FloatView {
  readonly data: Float64Array | Float32Array
  readonly base: number
  readonly ld: number
}

/** Element i is `data[base + i]`. */
export interface IntView {
  readonly data: Int32Array
  readonly base: number
}

/** A typed array must start at a multiple of its element size; copied bytes always do. */
const aligned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()

export const floatsOf = (memory: ReferenceMemory, operand: Operand): FloatView => {
  const base = operand.offset / elementBytes(operand)
  if (operand.slot === -1) {
    const data = operand.storage === undefined ? memory.arena : memory.halves!
    return { data, base, ld: operand.ld }
  }
  const own = memory.host?.get(operand.slot) ?? null
  if (own !== null) return { data: own, base, ld: operand.ld }
  const bytes = aligned(memory.residents[operand.slot]!)
  const data = new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4))
  return { data, base, ld: operand.ld }
}

export const intsOf = (memory: ReferenceMemory, operand: Operand): IntView => {
  const bytes = aligned(memory.residents[operand.slot]!)
  const data = new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4))
  return { data, base: operand.offset / 4 }
}

/** The view of an operand that may be absent. */
export const optionalFloats = (
  memory: ReferenceMemory,
  operand: Operand | null,
): FloatView | null => (operand === null ? null : floatsOf(memory, operand))

/** An arena full of NaN; elements of two bytes have room of their own where an op has any. */
export const arenaFor = (
  ops: ReadonlyArray<Op>,
  arenaBytes: number,
): Pick<ReferenceMemory, "arena" | "halves"> => {
  const arena = new Float64Array(arenaBytes / 4).fill(Number.NaN)
  const inTwoBytes = ops.some((op) => operandUses(op).some((use) => use.operand.storage))
  return inTwoBytes
    ? { arena, halves: new Float64Array(arenaBytes / 2).fill(Number.NaN) }
    : { arena }
}

/** What an op wrote, as the storage of its result keeps it. */
export const roundResult = (op: Op, memory: ReferenceMemory): void => {
  for (const { access, operand, rows, cols } of operandUses(op)) {
    if (access === "read" || operand.storage === undefined) continue
    const { data, base, ld } = floatsOf(memory, operand)
    for (let r = 0; r < rows; r++) {
      const first = base + r * ld
      for (let i = first; i < first + cols; i++) data[i] = roundTo(operand.storage, data[i]!)
    }
  }
}
