// One operator on random data of an odd shape, as a plan that any device can run: each input a
// resident object, the output alone in the arena.
import type { Op, Operand } from "../../model/Op.ts"
import { alignUp, type Plan } from "../../model/Plan.ts"
import type { ResidentRole } from "../../model/Resident.ts"

export interface OpCase {
  readonly title: string
  readonly kind: Op["kind"]
  readonly plan: Plan
  /** One per resident slot of the plan, in shared memory. */
  readonly inputs: ReadonlyArray<Uint8Array>
}

export const caseAlignBytes = 64

const roleOf = (data: Float32Array | Int32Array): ResidentRole =>
  data instanceof Int32Array ? "graph.colIndices" : "x.dense"

/** Collects the inputs of one operator and gives each its operand. */
export class CaseInputs {
  readonly arrays: Array<Float32Array | Int32Array> = []

  /** A matrix of `ld` columns, or a vector. */
  add(data: Float32Array | Int32Array, ld = 1): Operand {
    return { slot: this.arrays.push(data) - 1, offset: 0, ld }
  }
}

const sharedBytes = (data: Float32Array | Int32Array): Uint8Array => {
  const bytes = new Uint8Array(new SharedArrayBuffer(data.byteLength))
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return bytes
}

/** The operand of an output of `cols` columns: the start of the arena. */
export const arenaOutput = (cols: number): Operand => ({ slot: -1, offset: 0, ld: cols })

export const makeCase = (
  title: string,
  op: Op,
  inputs: CaseInputs,
  output: { readonly rows: number; readonly cols: number },
): OpCase => {
  const bytes = alignUp(output.rows * output.cols * 4, caseAlignBytes)
  const residents = inputs.arrays.map((data) => ({ role: roleOf(data), bytes: data.byteLength }))
  const cost = {
    name: op.name,
    kind: op.kind,
    outputBytes: bytes,
    scratchBytes: 0,
    liveBytes: bytes,
    flops: 0,
    bytesMoved: 0,
    predictedMs: 0,
  }
  const plan: Plan = {
    ops: [op],
    residents,
    buffers: [{ name: "y", offset: 0, bytes, firstOp: 0, lastOp: 1 }],
    costs: [cost],
    alignBytes: caseAlignBytes,
    arenaBytes: bytes,
    residentBytes: residents.reduce((sum, slot) => sum + alignUp(slot.bytes, caseAlignBytes), 0),
    livePeakBytes: bytes,
    peakOp: 0,
    output: { offset: 0, ...output },
    predictedMs: 0,
  }
  return { title, kind: op.kind, plan, inputs: inputs.arrays.map(sharedBytes) }
}
