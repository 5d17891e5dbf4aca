// A two-op plan small enough to follow by hand, and its resident bytes: h = A x (sum over edges),
// y = relu(h w + b), two nodes, width 2.
import type { Grant, SubmitRequest } from "../../src/device/Device.ts"
import { identityEpilogue, type Op } from "../../src/model/Op.ts"
import type { Plan } from "../../src/model/Plan.ts"

const at = (slot: number, offset: number, ld = 1) => ({ slot, offset, ld })

/** Node 0 hears from node 1; node 1 from both. */
export const residentBytes: ReadonlyArray<Uint8Array> = [
  new Uint8Array(Int32Array.of(0, 1, 3).buffer),
  new Uint8Array(Int32Array.of(1, 0, 1).buffer),
  new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
  // w = [[1, 0], [0, -1]] and the bias [0.5, 30] behind it
  new Uint8Array(Float32Array.of(1, 0, 0, -1, 0.5, 30).buffer),
]

/** h = [[3, 4], [4, 6]], so y = relu([[3.5, 26], [4.5, 24]]). */
export const expectedOutput = [3.5, 26, 4.5, 24]

const ops: ReadonlyArray<Op> = [
  {
    kind: "spmm",
    name: "aggregate",
    m: 2,
    k: 2,
    n: 2,
    nnz: 3,
    reduce: "sum",
    rowOffsets: at(0, 0),
    colIndices: at(1, 0),
    values: null,
    colScale: null,
    skipSelf: false,
    selfCoefficient: 0,
    selfWeight: null,
    x: at(2, 0, 2),
    y: at(-1, 0, 2),
    epilogue: identityEpilogue,
  },
  {
    kind: "gemm",
    name: "transform",
    m: 2,
    k: 2,
    n: 2,
    a: at(-1, 0, 2),
    b: at(3, 0, 2),
    c: at(-1, 64, 2),
    epilogue: {
      ...identityEpilogue,
      bias: at(3, 16),
      activation: { name: "relu", parameter: 0 },
    },
  },
]

export const smallPlan: Plan = {
  name: "whole",
  ops,
  residents: [
    { role: "graph.rowOffsets", bytes: 12 },
    { role: "graph.colIndices", bytes: 12 },
    { role: "x.dense", bytes: 16 },
    { role: "model.weights", bytes: 24 },
  ],
  buffers: [
    { name: "h", offset: 0, bytes: 64, firstOp: 0, lastOp: 1 },
    { name: "y", offset: 64, bytes: 64, firstOp: 1, lastOp: 2 },
  ],
  costs: [],
  alignBytes: 64,
  arenaBytes: 128,
  residentBytes: 256,
  livePeakBytes: 128,
  peakOp: 1,
  output: { offset: 64, rows: 2, cols: 2 },
  predictedMs: 0.01,
}

/** The same plan with one operand of one op changed. */
export const withOp = (index: number, change: Partial<Record<string, unknown>>): Plan => ({
  ...smallPlan,
  ops: smallPlan.ops.map((op, at) => (at === index ? ({ ...op, ...change } as Op) : op)),
})

export const residentGrants: ReadonlyArray<Grant> = residentBytes.map((_, slot) => ({
  id: 10 + slot,
  offset: slot * 64,
  bytes: 64,
}))

export const arenaGrant: Grant = { id: 1, offset: 1024, bytes: 128 }

export const requestOf = (plan: Plan, change: Partial<SubmitRequest> = {}): SubmitRequest => ({
  lane: 0,
  plan,
  arena: arenaGrant,
  residents: residentGrants,
  output: new Float32Array(new SharedArrayBuffer(plan.output.rows * plan.output.cols * 4)),
  priority: 0,
  taskId: "t",
  ...change,
})
