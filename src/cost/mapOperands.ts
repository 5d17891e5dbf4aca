// The same operator with other operands: how a draft's buffers become places in the arena.
import type { KernelMemory, Op, Operand, WordRange } from "../model/Op.ts"

type OpWithEpilogue = Extract<Op, { readonly epilogue: unknown }>
type OperandMap = (operand: Operand) => Operand

const mapEpilogue = <O extends OpWithEpilogue>(op: O, map: OperandMap): O["epilogue"] => {
  const { rowScale, addend, bias, affine } = op.epilogue
  return {
    ...op.epilogue,
    rowScale: rowScale && map(rowScale),
    addend: addend && map(addend),
    bias: bias && map(bias),
    affine: affine && { scale: map(affine.scale), shift: map(affine.shift) },
  }
}

const mapRange = (range: WordRange | null, map: OperandMap): WordRange | null =>
  range && { ...range, at: map(range.at) }

/** Nothing where there is none: `exactOptionalPropertyTypes` takes no undefined. */
const mapMemory = (
  { memory }: { readonly memory?: KernelMemory },
  map: OperandMap,
): { readonly memory?: KernelMemory } =>
  memory === undefined
    ? {}
    : { memory: { rowWork: mapRange(memory.rowWork, map), scratch: mapRange(memory.scratch, map) } }

/** The same operator with each operand replaced. */
export const mapOperands = (op: Op, map: OperandMap): Op => {
  switch (op.kind) {
    case "gemm":
      return {
        ...op,
        a: map(op.a),
        b: map(op.b),
        c: map(op.c),
        epilogue: mapEpilogue(op, map),
        ...mapMemory(op, map),
      }
    case "spmm":
      return {
        ...op,
        rowOffsets: map(op.rowOffsets),
        colIndices: map(op.colIndices),
        values: op.values && map(op.values),
        colScale: op.colScale && map(op.colScale),
        selfWeight: op.selfWeight && map(op.selfWeight),
        x: map(op.x),
        y: map(op.y),
        epilogue: mapEpilogue(op, map),
        ...mapMemory(op, map),
      }
    case "aggGemm":
      return {
        ...op,
        rowOffsets: map(op.rowOffsets),
        colIndices: map(op.colIndices),
        values: op.values && map(op.values),
        colScale: op.colScale && map(op.colScale),
        selfWeight: op.selfWeight && map(op.selfWeight),
        x: map(op.x),
        b: map(op.b),
        y: map(op.y),
        epilogue: mapEpilogue(op, map),
        ...mapMemory(op, map),
      }
    case "gat":
      return {
        ...op,
        rowOffsets: map(op.rowOffsets),
        colIndices: map(op.colIndices),
        x: map(op.x),
        scoreSrc: map(op.scoreSrc),
        scoreDst: map(op.scoreDst),
        y: map(op.y),
        epilogue: mapEpilogue(op, map),
        ...mapMemory(op, map),
      }
    case "gatv2":
      return {
        ...op,
        rowOffsets: map(op.rowOffsets),
        colIndices: map(op.colIndices),
        x: map(op.x),
        target: map(op.target),
        att: map(op.att),
        y: map(op.y),
        epilogue: mapEpilogue(op, map),
        ...mapMemory(op, map),
      }
    case "densify":
      return {
        ...op,
        rowOffsets: map(op.rowOffsets),
        colIndices: map(op.colIndices),
        values: map(op.values),
        y: map(op.y),
      }
    case "rowwise":
      return { ...op, x: map(op.x), y: map(op.y), epilogue: mapEpilogue(op, map) }
    case "readout":
      return { ...op, graphOffsets: map(op.graphOffsets), x: map(op.x), y: map(op.y) }
    case "gather":
      return { ...op, rows: map(op.rows), x: map(op.x), y: map(op.y) }
    case "copy":
    case "logSoftmax":
      return { ...op, x: map(op.x), y: map(op.y) }
  }
}
