// Every operand of an operator, what it holds and whether it is read or written. Liveness,
// placement and the checks all walk operators through this one table.
import type { Op, Operand } from "../model/Op.ts"

export type Access = "read" | "write"

/** `rows` x `cols` elements of 4 bytes, `operand.ld` apart; vectors are one column. */
export type OperandVisitor = (operand: Operand, access: Access, rows: number, cols: number) => void

type OpWithEpilogue = Extract<Op, { readonly epilogue: unknown }>

const visitEpilogue = (op: OpWithEpilogue, rows: number, cols: number, visit: OperandVisitor) => {
  const { rowScale, addend, bias, affine } = op.epilogue
  if (rowScale !== null) visit(rowScale, "read", rows, 1)
  if (addend !== null) visit(addend, "read", rows, cols)
  if (bias !== null) visit(bias, "read", cols, 1)
  if (affine === null) return
  visit(affine.scale, "read", cols, 1)
  visit(affine.shift, "read", cols, 1)
}

const visitCsr = (
  op: { readonly rowOffsets: Operand; readonly colIndices: Operand },
  rows: number,
  nnz: number,
  visit: OperandVisitor,
) => {
  visit(op.rowOffsets, "read", rows + 1, 1)
  visit(op.colIndices, "read", nnz, 1)
}

/** Columns that a GAT operator writes. */
export const gatOutputColumns = (op: Extract<Op, { kind: "gat" }>): number =>
  op.concat ? op.heads * op.headWidth : op.headWidth

/** Reads first, then the write. */
export const visitOperands = (op: Op, visit: OperandVisitor): void => {
  switch (op.kind) {
    case "gemm":
      visit(op.a, "read", op.m, op.k)
      visit(op.b, "read", op.k, op.n)
      visitEpilogue(op, op.m, op.n, visit)
      visit(op.c, "write", op.m, op.n)
      break
    case "spmm":
      visitCsr(op, op.m, op.nnz, visit)
      if (op.values !== null) visit(op.values, "read", op.nnz, 1)
      if (op.colScale !== null) visit(op.colScale, "read", op.k, 1)
      if (op.selfWeight !== null) visit(op.selfWeight, "read", op.m, 1)
      visit(op.x, "read", op.k, op.n)
      visitEpilogue(op, op.m, op.n, visit)
      visit(op.y, "write", op.m, op.n)
      break
    case "gat": {
      const cols = gatOutputColumns(op)
      visitCsr(op, op.m, op.nnz, visit)
      visit(op.x, "read", op.m, op.heads * op.headWidth)
      visit(op.scoreSrc, "read", op.m, op.heads)
      visit(op.scoreDst, "read", op.m, op.heads)
      visitEpilogue(op, op.m, cols, visit)
      visit(op.y, "write", op.m, cols)
      break
    }
    case "densify":
      visitCsr(op, op.m, op.nnz, visit)
      visit(op.values, "read", op.nnz, 1)
      visit(op.y, "write", op.m, op.k)
      break
    case "rowwise":
      visit(op.x, "read", op.m, op.n)
      visitEpilogue(op, op.m, op.n, visit)
      visit(op.y, "write", op.m, op.n)
      break
    case "readout":
      visit(op.graphOffsets, "read", op.graphs + 1, 1)
      visit(op.x, "read", op.m, op.n)
      visit(op.y, "write", op.graphs, op.n)
      break
    case "gather":
      visit(op.rows, "read", op.count, 1)
      visit(op.x, "read", op.m, op.n)
      visit(op.y, "write", op.count, op.n)
      break
    case "logSoftmax":
      visit(op.x, "read", op.m, op.n)
      visit(op.y, "write", op.m, op.n)
      break
  }
}

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

/** The same operator with each operand replaced. */
export const mapOperands = (op: Op, map: OperandMap): Op => {
  switch (op.kind) {
    case "gemm":
      return { ...op, a: map(op.a), b: map(op.b), c: map(op.c), epilogue: mapEpilogue(op, map) }
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
    case "logSoftmax":
      return { ...op, x: map(op.x), y: map(op.y) }
  }
}
