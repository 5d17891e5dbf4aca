// The work of one operator by formula, from its dimensions alone: floating-point operations, bytes
// streamed and bytes gathered row by row. Every byte is counted once per time it is touched.
import type { AggGemmOp, Epilogue, Op, SpmmOp } from "../model/Op.ts"
import { gatOutputColumns } from "../model/operandUses.ts"
import { elementBytes } from "../model/precision.ts"

export interface OpWork {
  /** Multiply-adds count as two; an exponential as eight. */
  readonly flops: number
  /** Bytes read or written in order. */
  readonly streamBytes: number
  /** Bytes of rows read in the order that the edges give. */
  readonly gatherBytes: number
  /** Bytes of the result. */
  readonly outputBytes: number
}

const expFlops = 8

const epilogueFlops = (e: Epilogue, elements: number): number => {
  const perElement =
    (e.rowScale === null ? 0 : 1) +
    (e.addend === null ? 0 : 1) +
    (e.bias === null ? 0 : 1) +
    (e.affine === null ? 0 : 2) +
    (e.activation.name === "identity" ? 0 : e.activation.name === "relu" ? 1 : expFlops)
  return perElement * elements
}

/** Vectors of the epilogue are too small to count; a second matrix is not. */
const epilogueBytes = (e: Epilogue, rows: number, cols: number): number =>
  (e.addend === null ? 0 : rows * cols * elementBytes(e.addend)) +
  (e.rowScale === null ? 0 : rows * 4)

/** What an aggregation of rows of `columns` is made of, result and epilogue apart. */
const aggregateWork = (op: SpmmOp | AggGemmOp, columns: number) => {
  const self = op.selfCoefficient !== 0
  const perEdge = op.values !== null || op.colScale !== null ? 2 : 1
  return {
    flops: perEdge * op.nnz * columns + (self ? 2 * op.m * columns : 0),
    streamBytes:
      (op.m + 1) * 4 +
      op.nnz * (op.values === null ? 4 : 8) +
      (op.colScale === null ? 0 : op.nnz * 4) +
      (self ? op.m * columns * elementBytes(op.x) : 0),
    gatherBytes: op.nnz * columns * elementBytes(op.x),
  }
}

const spmmWork = (op: SpmmOp): OpWork => {
  const outputBytes = op.m * op.n * elementBytes(op.y)
  const { flops, streamBytes, gatherBytes } = aggregateWork(op, op.n)
  return {
    flops: flops + epilogueFlops(op.epilogue, op.m * op.n),
    streamBytes: streamBytes + outputBytes + epilogueBytes(op.epilogue, op.m, op.n),
    gatherBytes,
    outputBytes,
  }
}

/** The aggregated rows are neither written nor read again. */
const aggGemmWork = (op: AggGemmOp): OpWork => {
  const outputBytes = op.m * op.n * 4
  const { flops, streamBytes, gatherBytes } = aggregateWork(op, op.k)
  return {
    flops: flops + 2 * op.m * op.k * op.n + epilogueFlops(op.epilogue, op.m * op.n),
    streamBytes:
      streamBytes + op.k * op.n * 4 + outputBytes + epilogueBytes(op.epilogue, op.m, op.n),
    gatherBytes,
    outputBytes,
  }
}

const gatWork = (op: Extract<Op, { kind: "gat" }>): OpWork => {
  const edges = op.nnz + (op.selfLoops ? op.m : 0)
  const width = op.heads * op.headWidth
  const cols = gatOutputColumns(op)
  return {
    flops:
      edges * (op.heads * (expFlops + 4) + 2 * width) +
      op.m * (op.heads + width) +
      epilogueFlops(op.epilogue, op.m * cols),
    streamBytes:
      (op.m + 1) * 4 +
      op.nnz * 4 +
      op.m * (op.heads + cols) * 4 +
      epilogueBytes(op.epilogue, op.m, cols),
    gatherBytes: edges * (width + op.heads) * 4,
    outputBytes: op.m * cols * 4,
  }
}

const gatv2Work = (op: Extract<Op, { kind: "gatv2" }>): OpWork => {
  const edges = op.nnz + (op.selfLoops ? op.m : 0)
  const width = op.heads * op.headWidth
  const cols = gatOutputColumns(op)
  return {
    flops:
      edges * (op.heads * expFlops + 7 * width) +
      op.m * width +
      epilogueFlops(op.epilogue, op.m * cols),
    streamBytes:
      (op.m + 1) * 4 +
      op.nnz * 4 +
      op.m * (width + cols) * 4 +
      epilogueBytes(op.epilogue, op.m, cols),
    gatherBytes: edges * width * 4,
    outputBytes: op.m * cols * 4,
  }
}

const streamed = (flops: number, inputBytes: number, outputBytes: number): OpWork => ({
  flops,
  streamBytes: inputBytes + outputBytes,
  gatherBytes: 0,
  outputBytes,
})

export const opWork = (op: Op): OpWork => {
  switch (op.kind) {
    case "gemm":
      return streamed(
        2 * op.m * op.k * op.n + epilogueFlops(op.epilogue, op.m * op.n),
        op.m * op.k * elementBytes(op.a) + op.k * op.n * 4 + epilogueBytes(op.epilogue, op.m, op.n),
        op.m * op.n * elementBytes(op.c),
      )
    case "spmm":
      return spmmWork(op)
    case "aggGemm":
      return aggGemmWork(op)
    case "gat":
      return gatWork(op)
    case "gatv2":
      return gatv2Work(op)
    case "densify":
      return streamed(op.nnz, (op.m + 1) * 4 + op.nnz * 8, op.m * op.k * 4)
    case "rowwise": {
      const elements = op.m * op.n
      const bytes = elements * elementBytes(op.x) + epilogueBytes(op.epilogue, op.m, op.n)
      const norm = op.l2 ? 3 * elements : 0
      return streamed(
        norm + epilogueFlops(op.epilogue, elements),
        bytes,
        elements * elementBytes(op.y),
      )
    }
    case "readout":
      return streamed(
        op.m * op.n,
        op.m * op.n * elementBytes(op.x) + (op.graphs + 1) * 4,
        op.graphs * op.n * elementBytes(op.y),
      )
    case "gather":
      return {
        flops: 0,
        streamBytes: op.count * 4 + op.count * op.n * elementBytes(op.y),
        gatherBytes: op.count * op.n * elementBytes(op.x),
        outputBytes: op.count * op.n * elementBytes(op.y),
      }
    case "copy":
      return streamed(0, op.m * op.n * 4, op.m * op.n * 4)
    case "logSoftmax":
      return streamed((expFlops + 3) * op.m * op.n, op.m * op.n * 4, op.m * op.n * 4)
  }
}
