// What an operator costs a CPU core, as counts that time is linear in: a fitted profile holds the
// nanoseconds of each. They follow the kernels (native/cpu): vectors of 16 floats, chunks of 128
// gathered columns, gemm tiles of 96 rows. Shapes alone are needed.
import type { GraphShape } from "../model/Graph.ts"
import type { Epilogue, Op, OpKind } from "../model/Op.ts"
import { gatOutputColumns } from "../model/operandUses.ts"
import { opWork } from "./opWork.ts"

/** Bytes that stay near the core, and in the cache that cores share. */
export interface CacheSizes {
  readonly nearBytes: number
  readonly sharedBytes: number
  /** Other data pass through a cache, too: how sharply hits end beyond its size. */
  readonly softness: number
}

/** Counts of traffic beyond the near cache: their time is what co-located tasks contend for. */
const isMemory = (name: string): boolean =>
  name.startsWith("shared") || name.startsWith("memory") || name.startsWith("input")

/** Names of the counts of each kind, in the order of `opFeatures`. */
export const featureNames = {
  gemm: [
    "launch",
    "products",
    "packed",
    "vectors",
    "exp",
    "rows",
    "sharedBytes",
    "memoryBytes",
    "inputShared",
    "inputMemory",
  ],
  spmm: [
    "launch",
    "rows",
    "edges",
    "scaledEdges",
    "edgeVectors",
    "maskedVectors",
    "exp",
    "sharedRows",
    "memoryRows",
    "sharedGather",
    "memoryGather",
    "sharedBytes",
    "memoryBytes",
    "inputShared",
    "inputMemory",
  ],
  aggGemm: [
    "launch",
    "rows",
    "edges",
    "products",
    "edgeVectors",
    "exp",
    "sharedRows",
    "memoryRows",
    "sharedGather",
    "memoryGather",
    "sharedBytes",
    "memoryBytes",
  ],
  gat: [
    "launch",
    "rows",
    "edges",
    "rowHeads",
    "edgeHeads",
    "edgeVectors",
    "maskedVectors",
    "mixedVectors",
    "exp",
    "sharedRows",
    "memoryRows",
    "sharedGather",
    "memoryGather",
    "memoryBytes",
  ],
  gatv2: [
    "launch",
    "rows",
    "edges",
    "rowHeads",
    "edgeHeads",
    "edgeVectors",
    "exp",
    "sharedRows",
    "memoryRows",
    "sharedGather",
    "memoryGather",
    "memoryBytes",
  ],
  densify: ["launch", "rows", "entries", "vectors", "sharedBytes", "memoryBytes"],
  rowwise: ["launch", "rows", "vectors", "norm", "exp", "sharedBytes", "memoryBytes"],
  readout: ["launch", "graphs", "vectors", "sharedBytes", "memoryBytes"],
  gather: ["launch", "rows", "vectors", "sharedRows", "memoryRows", "memoryGather"],
  copy: ["launch", "rows", "vectors", "sharedBytes", "memoryBytes"],
  logSoftmax: ["launch", "rows", "vectors", "sharedBytes", "memoryBytes"],
} as const satisfies Readonly<Record<OpKind, ReadonlyArray<string>>>

const vectorWidth = 16
const chunkColumns = 128
const tileRows = 96
const tileColumns = 64

const vectorsOf = (columns: number): number => Math.ceil(columns / vectorWidth)

/** Elements whose activation needs an exponential. */
const expOf = ({ activation: { name } }: Epilogue, elements: number): number =>
  name === "identity" || name === "relu" ? 0 : elements

/** The shares of accesses to `bytes` at random that miss the near cache, and the shared one. */
const misses = (bytes: number, { nearBytes, sharedBytes, softness }: CacheSizes) => {
  const near = hitShare(bytes, nearBytes, softness)
  const shared = hitShare(bytes, sharedBytes, softness)
  return { shared: Math.max(0, shared - near), memory: 1 - Math.max(near, shared) }
}

/** Half of the accesses at the cache's size; beyond, the fewer the larger the softness. */
const hitShare = (bytes: number, cacheBytes: number, softness: number): number =>
  1 / (1 + (bytes / cacheBytes) ** softness)

/** Bytes of resident objects that the operator streams: nobody has touched them since the last run. */
const inputBytes = (op: Op): number =>
  op.kind === "gemm" && op.a.slot >= 0
    ? op.m * op.k * 4
    : op.kind === "spmm" && op.rowOffsets.slot >= 0
      ? (op.values === null ? 4 : 8) * op.nnz + (op.x.slot >= 0 ? op.k * op.n * 4 : 0)
      : 0

/**
 * Rows that gathers move among at a time: nodes of one graph of a disjoint union lie together, so
 * its edges stay within a few graphs.
 */
const gatheredRows = (rows: number, shape: GraphShape | null): number =>
  shape === null || shape.numGraphs === null || rows !== shape.numNodes
    ? rows
    : Math.min(rows, (4 * rows) / Math.max(1, shape.numGraphs))

/** Rows fetched and their bytes, by where they come from; each is fetched in whole lines. */
const gathers = (
  count: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  shape: GraphShape | null,
  caches: CacheSizes,
) => {
  const active = gatheredRows(rows, shape)
  const miss = misses(active * columns * 4, caches)
  // What is reused while it is near still comes in once.
  const once = misses(rows * columns * 4, caches)
  const first = Math.min(rows, count)
  const repeated = count - first
  const sharedRows = first * once.shared + repeated * miss.shared
  const memoryRows = first * once.memory + repeated * miss.memory
  const bytes = columns * 4
  return [sharedRows, memoryRows, sharedRows * bytes, memoryRows * bytes] as const
}

export const opFeatures = (
  op: Op,
  shape: GraphShape | null,
  caches: CacheSizes,
): ReadonlyArray<number> => {
  const { streamBytes } = opWork(op)
  const stream = misses(streamBytes, caches)
  const sharedBytes = streamBytes * stream.shared
  const memoryBytes = streamBytes * stream.memory
  const input = inputBytes(op)
  const cold = misses(input, { ...caches, sharedBytes: caches.sharedBytes / 4 })
  const inputs = [input * cold.shared, input * cold.memory] as const
  switch (op.kind) {
    case "gemm": {
      const vectors = vectorsOf(op.n)
      const inPlace = op.n % vectorWidth === 0 && op.n <= tileColumns && op.b.ld === op.n
      return [
        1,
        op.m * op.k * vectors,
        inPlace ? 0 : Math.ceil(op.m / tileRows) * op.k * vectors,
        op.m * vectors,
        expOf(op.epilogue, op.m * op.n),
        op.m * Math.ceil(op.n / tileColumns) * Math.ceil(op.k / 128),
        sharedBytes,
        memoryBytes,
        ...inputs,
      ]
    }
    case "spmm": {
      const chunks = Math.ceil(op.n / chunkColumns)
      const vectors = vectorsOf(op.n)
      const scaled = op.values !== null || op.colScale !== null
      return [
        1,
        op.m * chunks,
        op.nnz * chunks,
        scaled ? op.nnz * chunks : 0,
        op.nnz * vectors + op.m * vectors,
        op.n % vectorWidth === 0 ? 0 : op.nnz,
        expOf(op.epilogue, op.m * op.n),
        ...gathers(op.nnz, { rows: op.k, columns: op.n }, shape, caches),
        sharedBytes,
        memoryBytes,
        ...inputs,
      ]
    }
    case "aggGemm":
      return [
        1,
        op.m,
        op.nnz,
        op.m * op.k * vectorsOf(op.n),
        op.nnz * vectorsOf(op.k),
        expOf(op.epilogue, op.m * op.n),
        ...gathers(op.nnz, { rows: op.m, columns: op.k }, shape, caches),
        sharedBytes,
        memoryBytes,
      ]
    case "gat": {
      const width = op.heads * op.headWidth
      const edges = op.nnz + (op.selfLoops ? op.m : 0)
      const vectors = op.concat ? vectorsOf(width) : op.heads * vectorsOf(op.headWidth)
      const mixed = op.concat && op.headWidth % vectorWidth !== 0
      return [
        1,
        op.m,
        edges,
        op.m * op.heads,
        edges * op.heads,
        edges * vectors,
        op.headWidth % vectorWidth === 0 ? 0 : edges * (op.concat ? 1 : op.heads),
        mixed ? edges * vectors : 0,
        expOf(op.epilogue, op.m * gatOutputColumns(op)),
        ...gathers(edges, { rows: op.m, columns: width + op.heads }, shape, caches),
        memoryBytes,
      ]
    }
    case "gatv2": {
      const width = op.heads * op.headWidth
      const edges = op.nnz + (op.selfLoops ? op.m : 0)
      return [
        1,
        op.m,
        edges,
        op.m * op.heads,
        edges * op.heads,
        edges * op.heads * vectorsOf(op.headWidth),
        expOf(op.epilogue, op.m * gatOutputColumns(op)),
        ...gathers(edges, { rows: op.m, columns: width }, shape, caches),
        memoryBytes,
      ]
    }
    case "densify":
      return [1, op.m, op.nnz, op.m * vectorsOf(op.k), sharedBytes, memoryBytes]
    case "rowwise": {
      const vectors = op.m * vectorsOf(op.n)
      const exp = expOf(op.epilogue, op.m * op.n)
      return [1, op.m, vectors, op.l2 ? vectors : 0, exp, sharedBytes, memoryBytes]
    }
    case "readout":
      return [1, op.graphs, op.m * vectorsOf(op.n), sharedBytes, memoryBytes]
    case "gather": {
      const g = gathers(op.count, { rows: op.m, columns: op.n }, null, caches)
      return [1, op.count, op.count * vectorsOf(op.n), g[0], g[1], g[3]]
    }
    case "copy":
    case "logSoftmax":
      return [1, op.m, op.m * vectorsOf(op.n), sharedBytes, memoryBytes]
  }
}

export interface FittedTime {
  readonly ms: number
  /** The part of it that waits for memory beyond the near cache. */
  readonly memoryMs: number
}

/** Counts times nanoseconds. */
export const fittedTime = (
  kind: OpKind,
  features: ReadonlyArray<number>,
  nanoseconds: ReadonlyArray<number>,
): FittedTime => {
  let ms = 0
  let memoryMs = 0
  featureNames[kind].forEach((name, i) => {
    const part = (features[i]! * nanoseconds[i]!) / 1e6
    ms += part
    if (isMemory(name)) memoryMs += part
  })
  return { ms, memoryMs }
}
