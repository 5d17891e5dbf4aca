// Where the reference device's numbers lie: a task's arena in float64 and the residents' bytes as
// they were uploaded. Operands become flat views; an op then indexes them with plain loops.
import type { Operand } from "../../model/Op.ts"
import type { Plan } from "../../model/Plan.ts"
import { isWritten } from "../../model/Resident.ts"

export interface ReferenceMemory {
  /** One element for each four bytes of the real arena, at the same offset / 4. */
  readonly arena: Float64Array
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
  const base = operand.offset / 4
  if (operand.slot === -1) return { data: memory.arena, base, ld: operand.ld }
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
