// One operator on random data of an odd shape, as a plan that any device can run: each input a
// resident object, the output alone in the arena.
import { isSparse, scratchWords } from "../../cost/kernelMemory.ts"
import type { Op, Operand } from "../../model/Op.ts"
import { alignUp, type Plan } from "../../model/Plan.ts"
import type { ResidentRole } from "../../model/Resident.ts"
import { fillRowWork, rowWorkBounds } from "../../model/rowWork.ts"

export interface OpCase {
  readonly title: string
  readonly kind: Op["kind"]
  readonly plan: Plan
  /** One per resident slot of the plan, in shared memory. */
  readonly inputs: ReadonlyArray<Uint8Array>
}

/** What the most demanding device wants. */
export const caseAlignBytes = 256

const roleOf = (data: Float32Array | Int32Array): ResidentRole =>
  data instanceof Int32Array ? "graph.colIndices" : "x.dense"

/** Collects the inputs of one operator and gives each its operand. */
export class CaseInputs {
  readonly arrays: Array<Float32Array | Int32Array> = []

  /** The numbers behind an operand that was added whole. */
  of(operand: Operand): Float32Array | Int32Array {
    return this.arrays[operand.slot]!
  }

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

/** What a GPU's kernel needs beside the operands; the other devices look past it. */
const withMemory = (op: Op, inputs: CaseInputs, outputBytes: number): Op => {
  if (op.kind !== "gemm" && !isSparse(op)) return op
  const words = scratchWords(op)
  const at = { slot: -1, offset: outputBytes, ld: 1 }
  const scratch = words === 0 ? null : { at, words }
  if (op.kind === "gemm") return { ...op, memory: { rowWork: null, scratch } }
  const work = new Int32Array(rowWorkBounds(op.m, op.nnz).words)
  fillRowWork(inputs.of(op.rowOffsets) as Int32Array, work)
  return { ...op, memory: { rowWork: { at: inputs.add(work), words: work.length }, scratch } }
}

export const makeCase = (
  title: string,
  bare: Op,
  inputs: CaseInputs,
  output: { readonly rows: number; readonly cols: number },
): OpCase => {
  const bytes = alignUp(output.rows * output.cols * 4, caseAlignBytes)
  const op = withMemory(bare, inputs, bytes)
  const scratchBytes = alignUp(4 * scratchWords(op), caseAlignBytes)
  const arenaBytes = bytes + scratchBytes
  const residents = inputs.arrays.map((data) => ({ role: roleOf(data), bytes: data.byteLength }))
  const cost = {
    name: op.name,
    kind: op.kind,
    outputBytes: bytes,
    scratchBytes,
    liveBytes: arenaBytes,
    flops: 0,
    bytesMoved: 0,
    predictedMs: 0,
  }
  const plan: Plan = {
    name: "whole",
    ops: [op],
    residents,
    buffers: [{ name: "y", offset: 0, bytes, firstOp: 0, lastOp: 1 }],
    costs: [cost],
    alignBytes: caseAlignBytes,
    arenaBytes,
    residentBytes: residents.reduce((sum, slot) => sum + alignUp(slot.bytes, caseAlignBytes), 0),
    livePeakBytes: arenaBytes,
    peakOp: 0,
    output: { offset: 0, ...output },
    predictedMs: 0,
  }
  return { title, kind: op.kind, plan, inputs: inputs.arrays.map(sharedBytes) }
}
