// An operator cut into operators that together compute the same, bit for bit: rows of a product do
// not depend on each other, nor do columns of an aggregation or heads of an attention.
import type { Epilogue, GatOp, GatV2Op, Op, Operand } from "../model/Op.ts"

/** From row `rows` on; of a vector, from that element on. */
const down = (operand: Operand, rows: number): Operand => ({
  ...operand,
  offset: operand.offset + rows * operand.ld * 4,
})

const right = (operand: Operand, columns: number): Operand => ({
  ...operand,
  offset: operand.offset + columns * 4,
})

const epilogueDown = (epilogue: Epilogue, rows: number): Epilogue => ({
  ...epilogue,
  rowScale: epilogue.rowScale && down(epilogue.rowScale, rows),
  addend: epilogue.addend && down(epilogue.addend, rows),
})

const epilogueRight = (epilogue: Epilogue, columns: number): Epilogue => {
  const { addend, bias, affine } = epilogue
  return {
    ...epilogue,
    addend: addend && right(addend, columns),
    bias: bias && right(bias, columns),
    affine: affine && {
      scale: right(affine.scale, columns),
      shift: right(affine.shift, columns),
    },
  }
}

/** Rows or columns of the result that parts may divide; null for an operator that stays whole. */
export type Axis = "rows" | "columns" | null

/**
 * Averaged heads are added up in one pass over the edges, which parts would turn around; a fused layer
 * would aggregate again for each part.
 */
export const axisOf = (op: Op): Axis => {
  switch (op.kind) {
    case "gemm":
    case "rowwise":
    case "logSoftmax":
      return "rows"
    case "spmm":
    case "readout":
    case "gather":
      return "columns"
    case "gat":
      return op.concat || op.heads === 1 ? "columns" : null
    case "gatv2":
      return op.concat && op.heads > 1 ? "columns" : null
    case "aggGemm":
    case "densify":
    case "copy":
      return null
  }
}

/** Rows or columns `from` … `from + count` of the result. */
const part = (op: Op, from: number, count: number): Op => {
  switch (op.kind) {
    case "gemm":
      return {
        ...op,
        m: count,
        a: down(op.a, from),
        c: down(op.c, from),
        epilogue: epilogueDown(op.epilogue, from),
      }
    case "rowwise":
      return {
        ...op,
        m: count,
        x: down(op.x, from),
        y: down(op.y, from),
        epilogue: epilogueDown(op.epilogue, from),
      }
    case "logSoftmax":
      return { ...op, m: count, x: down(op.x, from), y: down(op.y, from) }
    case "spmm":
      return {
        ...op,
        n: count,
        x: right(op.x, from),
        y: right(op.y, from),
        epilogue: epilogueRight(op.epilogue, from),
      }
    case "readout":
    case "gather":
      return { ...op, n: count, x: right(op.x, from), y: right(op.y, from) }
    case "gat":
      return gatPart(op, from, count)
    case "gatv2":
      return gatV2Part(op, from, count)
    case "aggGemm":
    case "densify":
    case "copy":
      return op
  }
}

/** Columns of whole heads, or of one head. */
const gatPart = (op: GatOp, from: number, count: number): Op => {
  const head = Math.floor(from / op.headWidth)
  return {
    ...op,
    heads: Math.max(1, count / op.headWidth),
    headWidth: Math.min(op.headWidth, count),
    x: right(op.x, from),
    scoreSrc: right(op.scoreSrc, head),
    scoreDst: right(op.scoreDst, head),
    y: right(op.y, from),
    epilogue: epilogueRight(op.epilogue, from),
  }
}

/** Columns of whole heads: a logit needs all columns of its head. */
const gatV2Part = (op: GatV2Op, from: number, count: number): Op => ({
  ...op,
  heads: count / op.headWidth,
  x: right(op.x, from),
  target: right(op.target, from),
  att: right(op.att, from),
  y: right(op.y, from),
  epilogue: epilogueRight(op.epilogue, from),
})

/** Parts begin on whole vectors and cache lines, as far as the size allows; nothing is one part. */
const evenSize = (extent: number, size: number, unit: number): number => {
  if (extent === 0) return 1
  const parts = Math.ceil(extent / Math.max(1, size))
  return Math.min(extent, Math.ceil(extent / parts / unit) * unit)
}

const columnUnit = 16

const cut = (op: Op, from: number, extent: number, size: number): ReadonlyArray<Op> => {
  const parts: Op[] = extent === 0 ? [op] : []
  for (let at = 0; at < extent; at += size) {
    parts.push(part(op, from + at, Math.min(size, extent - at)))
  }
  return parts
}

const gatParts = (op: GatOp, columns: number): ReadonlyArray<Op> => {
  const { heads, headWidth } = op
  const whole = Math.floor(columns / headWidth)
  if (whole >= 1) {
    return cut(op, 0, heads * headWidth, evenSize(heads, whole, 1) * headWidth)
  }
  const size = evenSize(headWidth, columns, columnUnit)
  return Array.from({ length: heads }, (_, h) => cut(op, h * headWidth, headWidth, size)).flat()
}

/** Parts of at most about `size` rows or columns, the first of them the largest. */
export const partsOf = (op: Op, size: number): ReadonlyArray<Op> => {
  switch (op.kind) {
    case "gemm":
    case "rowwise":
    case "logSoftmax":
      return cut(op, 0, op.m, evenSize(op.m, size, 1))
    case "gat":
      return axisOf(op) === null || op.headWidth === 0 ? [op] : gatParts(op, size)
    case "gatv2": {
      if (axisOf(op) === null || op.headWidth === 0) return [op]
      const heads = evenSize(op.heads, Math.floor(size / op.headWidth), 1)
      return cut(op, 0, op.heads * op.headWidth, heads * op.headWidth)
    }
    case "spmm":
    case "readout":
    case "gather":
      return cut(op, 0, op.n, evenSize(op.n, size, columnUnit))
    default:
      return [op]
  }
}
