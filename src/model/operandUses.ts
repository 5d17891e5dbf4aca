// Every operand of an op with its extent: the one table behind liveness, placement, range checks,
// the high-water mark and the count of residents read.
import type { Epilogue, GatOp, GatV2Op, KernelMemory, Op, Operand } from "./Op.ts"
import { elementBytes } from "./precision.ts"

export interface OperandUse {
  readonly field: string
  readonly operand: Operand
  readonly element: "float" | "int"
  readonly access: "read" | "write"
  /** A vector is contiguous: one row of `cols` elements, and its operand's `ld` is 1. */
  readonly isVector: boolean
  readonly rows: number
  readonly cols: number
}

/** Bytes from the start of its slot to the end of what the op touches; 0 when it touches nothing. */
export const extentBytes = ({ operand, rows, cols }: OperandUse): number =>
  rows === 0 || cols === 0
    ? 0
    : operand.offset + ((rows - 1) * operand.ld + cols) * elementBytes(operand)

type Extent = readonly [rows: number, cols: number, isVector?: boolean]

const use =
  (element: OperandUse["element"], access: OperandUse["access"]) =>
  (
    field: string,
    operand: Operand | null,
    [rows, cols, isVector = false]: Extent,
  ): ReadonlyArray<OperandUse> =>
    operand === null ? [] : [{ field, operand, element, access, isVector, rows, cols }]

const reads = use("float", "read")
const indices = use("int", "read")
const writes = use("float", "write")

const vector = (n: number): Extent => [1, n, true]

/** Columns that an attention operator writes. */
export const gatOutputColumns = (op: GatOp | GatV2Op): number =>
  op.concat ? op.heads * op.headWidth : op.headWidth

const epilogueUses = (
  { rowScale, addend, bias, affine }: Epilogue,
  [rows, cols]: Extent,
): ReadonlyArray<OperandUse> => [
  ...reads("epilogue.rowScale", rowScale, vector(rows)),
  ...reads("epilogue.addend", addend, [rows, cols]),
  ...reads("epilogue.bias", bias, vector(cols)),
  ...reads("epilogue.affine.scale", affine?.scale ?? null, vector(cols)),
  ...reads("epilogue.affine.shift", affine?.shift ?? null, vector(cols)),
]

const memoryUses = (memory: KernelMemory | undefined): ReadonlyArray<OperandUse> => {
  if (memory === undefined) return []
  const { rowWork, scratch } = memory
  return [
    ...(rowWork === null ? [] : indices("memory.rowWork", rowWork.at, vector(rowWork.words))),
    ...(scratch === null ? [] : writes("memory.scratch", scratch.at, vector(scratch.words))),
  ]
}

export const operandUses = (op: Op): ReadonlyArray<OperandUse> => {
  switch (op.kind) {
    case "gemm":
      return [
        ...reads("a", op.a, [op.m, op.k]),
        ...reads("b", op.b, [op.k, op.n]),
        ...epilogueUses(op.epilogue, [op.m, op.n]),
        ...writes("c", op.c, [op.m, op.n]),
        ...memoryUses(op.memory),
      ]
    case "spmm":
      return [
        ...indices("rowOffsets", op.rowOffsets, vector(op.m + 1)),
        ...indices("colIndices", op.colIndices, vector(op.nnz)),
        ...reads("values", op.values, vector(op.nnz)),
        ...reads("colScale", op.colScale, vector(op.k)),
        ...reads("selfWeight", op.selfWeight, vector(op.m)),
        ...reads("x", op.x, [op.k, op.n]),
        ...epilogueUses(op.epilogue, [op.m, op.n]),
        ...writes("y", op.y, [op.m, op.n]),
        ...memoryUses(op.memory),
      ]
    case "aggGemm":
      return [
        ...indices("rowOffsets", op.rowOffsets, vector(op.m + 1)),
        ...indices("colIndices", op.colIndices, vector(op.nnz)),
        ...reads("values", op.values, vector(op.nnz)),
        ...reads("colScale", op.colScale, vector(op.m)),
        ...reads("selfWeight", op.selfWeight, vector(op.m)),
        ...reads("x", op.x, [op.m, op.k]),
        ...reads("b", op.b, [op.k, op.n]),
        ...epilogueUses(op.epilogue, [op.m, op.n]),
        ...writes("y", op.y, [op.m, op.n]),
        ...memoryUses(op.memory),
      ]
    case "gat": {
      const width = gatOutputColumns(op)
      return [
        ...indices("rowOffsets", op.rowOffsets, vector(op.m + 1)),
        ...indices("colIndices", op.colIndices, vector(op.nnz)),
        ...reads("x", op.x, [op.m, op.heads * op.headWidth]),
        ...reads("scoreSrc", op.scoreSrc, [op.m, op.heads]),
        ...reads("scoreDst", op.scoreDst, [op.m, op.heads]),
        ...epilogueUses(op.epilogue, [op.m, width]),
        ...writes("y", op.y, [op.m, width]),
        ...memoryUses(op.memory),
      ]
    }
    case "gatv2": {
      const width = gatOutputColumns(op)
      const columns = op.heads * op.headWidth
      return [
        ...indices("rowOffsets", op.rowOffsets, vector(op.m + 1)),
        ...indices("colIndices", op.colIndices, vector(op.nnz)),
        ...reads("x", op.x, [op.m, columns]),
        ...reads("target", op.target, [op.m, columns]),
        ...reads("att", op.att, vector(columns)),
        ...epilogueUses(op.epilogue, [op.m, width]),
        ...writes("y", op.y, [op.m, width]),
        ...memoryUses(op.memory),
      ]
    }
    case "densify":
      return [
        ...indices("rowOffsets", op.rowOffsets, vector(op.m + 1)),
        ...indices("colIndices", op.colIndices, vector(op.nnz)),
        ...reads("values", op.values, vector(op.nnz)),
        ...writes("y", op.y, [op.m, op.k]),
      ]
    case "rowwise":
      return [
        ...reads("x", op.x, [op.m, op.n]),
        ...epilogueUses(op.epilogue, [op.m, op.n]),
        ...writes("y", op.y, [op.m, op.n]),
      ]
    case "readout":
      return [
        ...indices("graphOffsets", op.graphOffsets, vector(op.graphs + 1)),
        ...reads("x", op.x, [op.m, op.n]),
        ...writes("y", op.y, [op.graphs, op.n]),
      ]
    case "gather":
      return [
        ...indices("rows", op.rows, vector(op.count)),
        ...reads("x", op.x, [op.m, op.n]),
        ...writes("y", op.y, [op.count, op.n]),
      ]
    case "copy":
    case "logSoftmax":
      return [...reads("x", op.x, [op.m, op.n]), ...writes("y", op.y, [op.m, op.n])]
  }
}
