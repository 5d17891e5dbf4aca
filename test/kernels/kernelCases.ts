// One builder per operator: random operands from a seed in a chosen memory layout, and what the
// float64 oracle of the native tests makes of them.
import { type CsrCase, randomFloats } from "../cases/shapes.ts"
import * as oracle from "../native/oracle.ts"
import { type KernelCase, kinds } from "./emulated.ts"
import { rounded, type StorageName, type Stored, storages, store } from "./storage.ts"

export interface CheckedCase extends KernelCase {
  readonly expected: oracle.Matrix
  /** What the result is stored in; float32 when left out. */
  readonly stored?: StorageName
}

/** What the matrices of a case are stored in; an addend as the result is. */
export interface CaseStorage {
  readonly x: StorageName
  readonly y: StorageName
}
export const floats: CaseStorage = { x: "fp32", y: "fp32" }

const storageNumbers = ({ x, y }: CaseStorage) => ({
  xStorage: storages.indexOf(x),
  yStorage: storages.indexOf(y),
  addendStorage: storages.indexOf(y),
})

const activations = [
  "identity",
  "relu",
  "elu",
  "leaky_relu",
  "tanh",
  "sigmoid",
  "gelu",
  "silu",
] as const
const reduces = ["sum", "mean", "max"] as const

/** How matrices lie in memory: floats between rows, floats behind a 16-byte boundary. */
export interface Layout {
  readonly gap: (columns: number) => number
  readonly shift: number
}
export const tight: Layout = { gap: () => 0, shift: 0 }
/** Rows that start at 16 bytes; gaps; everything off by one float; off by three, with gaps. */
export const layouts: ReadonlyArray<Layout> = [
  tight,
  { gap: (columns) => 4 + ((4 - (columns % 4)) % 4), shift: 0 },
  { gap: () => 0, shift: 1 },
  { gap: () => 3, shift: 3 },
]

/** Rows of `columns` with the layout's gaps; NaN in the gaps, nothing behind the last row. */
const lay = (
  values: Float32Array,
  columns: number,
  layout: Layout,
  storage: StorageName = "fp32",
): Stored => {
  const matrix = store(values, storage)
  const gap = layout.gap(columns)
  if (gap === 0 || columns === 0) return matrix
  const [rows, ld] = [matrix.length / columns, columns + gap]
  const length = rows === 0 ? 0 : (rows - 1) * ld + columns
  const out =
    matrix instanceof Uint16Array
      ? new Uint16Array(length).fill(0x7fff)
      : new Float32Array(length).fill(Number.NaN)
  for (let r = 0; r < rows; r++) {
    out.set(matrix.subarray(r * columns, (r + 1) * columns), r * ld)
  }
  return out
}

/** One of many epilogues: bits of `variant` choose the parts, its value the activation. */
const makeEpilogue = (
  variant: number,
  m: number,
  n: number,
  layout: Layout,
  storage: StorageName = "fp32",
) => {
  const floats = (part: number, length: number) =>
    variant & part ? randomFloats(variant * 31 + part, length) : null
  const [rowScale, addend, bias] = [floats(1, m), floats(2, m * n), floats(4, n)]
  const scale = floats(8, n)
  const shift = scale && randomFloats(variant + 77, n)
  const activation = variant % activations.length
  const name = activations[activation]!
  const parameter = name === "elu" ? 1.25 : name === "leaky_relu" ? 0.1 : 0
  const affineAfter = (variant & 16) !== 0
  const arrays: oracle.EpilogueArrays = {
    rowScale,
    addend: addend && rounded(addend, storage),
    bias,
    affine: scale && shift && { scale, shift },
    affineAfterActivation: affineAfter,
    activation: { name, parameter },
  }
  return {
    apply: (rows: Float64Array) => oracle.applyEpilogue(arrays, rows, m, n),
    numbers: {
      affineAfter: Number(affineAfter),
      activation,
      parameter,
      ldAddend: n + layout.gap(n),
    },
    arrays: {
      rowScale,
      addend: addend && lay(addend, n, layout, storage),
      bias,
      scale,
      shiftVector: shift,
    },
  }
}

const kindOf = (name: (typeof kinds)[number]): number => kinds.indexOf(name)

/** In the order of the enum GemmMode. */
export const gemmModes = ["ffma", "tf32x3", "tf32", "fp16", "bf16"] as const
export type GemmMode = (typeof gemmModes)[number]
/** Those at float32 grade, which the fused layer has alone. */
export const float32Modes = ["ffma", "tf32x3"] as const

/** What a mode makes of a factor before it multiplies. */
const factors = (values: Float32Array, mode: GemmMode): Float32Array => {
  if (mode === "fp16" || mode === "bf16") return rounded(values, mode)
  if (mode !== "tf32") return values
  const bits = new Uint32Array(values.slice().buffer)
  // half a unit up, ties away from zero, as cvt.rna does
  return new Float32Array(bits.map((word) => (word + 0x1000) & 0xffffe000).buffer)
}

export interface GemmOptions {
  readonly inPlaceAddend?: boolean
  readonly storage?: CaseStorage
}

export const gemmCase = (
  mode: GemmMode,
  [m, k, n]: readonly [number, number, number],
  variant: number,
  layout: Layout,
  { inPlaceAddend = false, storage = floats }: GemmOptions = {},
): CheckedCase => {
  const [a, b] = [randomFloats(m + 1, m * k), randomFloats(n + 2, k * n)]
  const parts = inPlaceAddend ? variant | 2 : variant
  const epilogue = makeEpilogue(parts, m, n, layout, storage.y)
  const kept = factors(rounded(a, storage.x), mode)
  return {
    label: `gemm ${mode} ${m} ${k} ${n}, epilogue ${variant}, shift ${layout.shift}, ${storage.x} to ${storage.y}`,
    numbers: {
      kind: kindOf("gemm"),
      mode: gemmModes.indexOf(mode),
      ...{ m, k, n, rows: m, cols: n, shift: layout.shift },
      ...{ ldX: k + layout.gap(k), ldB: n + layout.gap(n), ldY: n + layout.gap(n) },
      ...(inPlaceAddend ? { inPlace: 9 } : {}),
      ...epilogue.numbers,
      ...storageNumbers(storage),
    },
    arrays: { x: lay(a, k, layout, storage.x), b: lay(b, n, layout), ...epilogue.arrays },
    expected: epilogue.apply(oracle.gemm(m, k, n, kept, factors(b, mode))),
    stored: storage.y,
  }
}

export interface SpmmMode {
  readonly reduce: (typeof reduces)[number]
  readonly values?: boolean
  readonly colScale?: boolean
  readonly skipSelf?: boolean
  readonly selfCoefficient?: number
  readonly selfWeight?: boolean
}
export const spmmModes: ReadonlyArray<SpmmMode> = [
  { reduce: "sum" },
  { reduce: "sum", values: true },
  { reduce: "sum", colScale: true, skipSelf: true, selfCoefficient: 1.5 },
  { reduce: "sum", values: true, colScale: true },
  { reduce: "mean" },
  { reduce: "mean", values: true, skipSelf: true, selfCoefficient: 0.5, selfWeight: true },
  { reduce: "max" },
  { reduce: "max", skipSelf: true },
]

export interface SpmmOptions {
  readonly x?: Float32Array
  readonly storage?: CaseStorage
}

export const spmmCase = (
  csr: CsrCase,
  n: number,
  mode: SpmmMode,
  variant: number,
  layout: Layout,
  { x: given = randomFloats(n + 3, csr.k * n), storage = floats }: SpmmOptions = {},
): CheckedCase => {
  const x = rounded(given, storage.x)
  const { m, k } = csr
  const nnz = csr.colIndices.length
  const selfCoefficient = m <= k ? (mode.selfCoefficient ?? 0) : 0
  const values = mode.values ? randomFloats(5, nnz) : null
  const colScale = mode.colScale ? randomFloats(6, k) : null
  const selfWeight = mode.selfWeight && selfCoefficient !== 0 ? randomFloats(7, m) : null
  const { reduce, skipSelf = false } = mode
  const input = { csr, n, reduce, values, colScale, skipSelf, selfCoefficient, selfWeight, x }
  const epilogue = makeEpilogue(variant, m, n, layout, storage.y)
  return {
    label: `spmm ${csr.name}, width ${n}, ${JSON.stringify(mode)}, epilogue ${variant}, ${storage.x} to ${storage.y}`,
    numbers: {
      kind: kindOf("spmm"),
      ...{ m, k, n, nnz, rows: m, cols: n, shift: layout.shift, selfCoefficient },
      reduce: reduces.indexOf(reduce),
      skipSelf: Number(skipSelf),
      ...{ ldX: n + layout.gap(n), ldY: n + layout.gap(n) },
      ...epilogue.numbers,
      ...storageNumbers(storage),
    },
    arrays: {
      ...{ rowOffsets: csr.rowOffsets, colIndices: csr.colIndices },
      ...{ values, colScale, selfWeight, x: lay(x, n, layout, storage.x) },
      ...epilogue.arrays,
    },
    expected: epilogue.apply(oracle.spmm(input)),
    stored: storage.y,
  }
}

/** The modes that the fused layer has. */
export const aggModes = spmmModes.filter(({ reduce }) => reduce !== "max")

export const aggGemmCase = (
  gemmMode: (typeof gemmModes)[number],
  csr: CsrCase,
  [k, n]: readonly [number, number],
  mode: SpmmMode,
  variant: number,
  layout: Layout,
): CheckedCase => {
  const { m } = csr
  const nnz = csr.colIndices.length
  const { reduce, skipSelf = false, selfCoefficient = 0 } = mode
  const [x, b] = [randomFloats(k + 3, m * k), randomFloats(n + 4, k * n)]
  const values = mode.values ? randomFloats(5, nnz) : null
  const colScale = mode.colScale ? randomFloats(6, m) : null
  const selfWeight = mode.selfWeight ? randomFloats(7, m) : null
  const weights = { values, colScale, selfWeight }
  const epilogue = makeEpilogue(variant, m, n, layout)
  return {
    label: `aggGemm ${gemmMode} ${csr.name}, ${k} to ${n}, ${JSON.stringify(mode)}, epilogue ${variant}`,
    numbers: {
      ...{ kind: kindOf("aggGemm"), mode: gemmModes.indexOf(gemmMode) },
      ...{ m, k, n, nnz, rows: m, cols: n, shift: layout.shift, selfCoefficient },
      ...{ reduce: reduces.indexOf(reduce), skipSelf: Number(skipSelf) },
      ...{ ldX: k + layout.gap(k), ldB: n + layout.gap(n), ldY: n + layout.gap(n) },
      ...epilogue.numbers,
    },
    arrays: {
      ...{ rowOffsets: csr.rowOffsets, colIndices: csr.colIndices },
      ...{ ...weights, x: lay(x, k, layout), b: lay(b, n, layout) },
      ...epilogue.arrays,
    },
    // worked out when asked for: the counts of sectors do without
    get expected() {
      const sums = oracle.spmm({ csr, n: k, reduce, skipSelf, selfCoefficient, ...weights, x })
      return epilogue.apply(oracle.gemm(m, k, n, sums, b))
    },
  }
}

export interface GatMode {
  readonly heads: number
  readonly headWidth: number
  readonly concat: boolean
  readonly selfLoops: boolean
}

interface GatScores {
  readonly scoreSrc: Float32Array
  readonly scoreDst: Float32Array
}

export const gatCase = (
  csr: CsrCase,
  mode: GatMode,
  variant: number,
  layout: Layout,
  scores: GatScores = {
    scoreSrc: randomFloats(8, csr.m * mode.heads),
    scoreDst: randomFloats(9, csr.m * mode.heads),
  },
): CheckedCase => {
  const { heads, headWidth, concat, selfLoops } = mode
  const [m, cols, negativeSlope] = [csr.m, heads * headWidth, 0.2]
  const n = concat ? cols : headWidth
  const x = randomFloats(10, m * cols)
  const epilogue = makeEpilogue(variant, m, n, layout)
  return {
    label: `gat ${csr.name}, ${JSON.stringify(mode)}, epilogue ${variant}`,
    numbers: {
      kind: kindOf("gat"),
      ...{ m, nnz: csr.colIndices.length, heads, headWidth, negativeSlope, rows: m, cols: n },
      ...{ concat: Number(concat), selfLoops: Number(selfLoops), shift: layout.shift },
      ...{ ldX: cols + layout.gap(cols), ldB: heads, ldY: n + layout.gap(n) },
      ...epilogue.numbers,
    },
    arrays: {
      ...{ rowOffsets: csr.rowOffsets, colIndices: csr.colIndices, x: lay(x, cols, layout) },
      ...{ b: scores.scoreSrc, scoreDst: scores.scoreDst },
      ...epilogue.arrays,
    },
    expected: epilogue.apply(oracle.gat({ csr, ...mode, negativeSlope, x, ...scores })),
  }
}

export const gatv2Case = (
  csr: CsrCase,
  mode: GatMode,
  variant: number,
  layout: Layout,
  att = randomFloats(12, mode.heads * mode.headWidth),
): CheckedCase => {
  const { heads, headWidth, concat, selfLoops } = mode
  const [m, cols, negativeSlope] = [csr.m, heads * headWidth, 0.2]
  const n = concat ? cols : headWidth
  const [x, target] = [randomFloats(10, m * cols), randomFloats(11, m * cols)]
  const epilogue = makeEpilogue(variant, m, n, layout)
  const ld = cols + layout.gap(cols)
  return {
    label: `gatv2 ${csr.name}, ${JSON.stringify(mode)}, epilogue ${variant}`,
    numbers: {
      kind: kindOf("gatv2"),
      ...{ m, nnz: csr.colIndices.length, heads, headWidth, negativeSlope, rows: m, cols: n },
      ...{ concat: Number(concat), selfLoops: Number(selfLoops), shift: layout.shift },
      ...{ ldX: ld, ldB: ld, ldY: n + layout.gap(n) },
      ...epilogue.numbers,
    },
    arrays: {
      ...{ rowOffsets: csr.rowOffsets, colIndices: csr.colIndices, x: lay(x, cols, layout) },
      ...{ scoreDst: lay(target, cols, layout), att },
      ...epilogue.arrays,
    },
    expected: epilogue.apply(oracle.gatv2({ csr, ...mode, negativeSlope, x, target, att })),
  }
}

export const densifyCase = (csr: CsrCase, layout: Layout): CheckedCase => {
  const { m, k } = csr
  const values = randomFloats(31, csr.colIndices.length)
  const expected = new Float64Array(m * k)
  for (let r = 0; r < m; r++) {
    for (let e = csr.rowOffsets[r]!; e < csr.rowOffsets[r + 1]!; e++) {
      expected[r * k + csr.colIndices[e]!]! += values[e]!
    }
  }
  return {
    label: `densify ${csr.name}`,
    numbers: {
      kind: kindOf("densify"),
      ...{ m, k, nnz: values.length, rows: m, cols: k, ldY: k + layout.gap(k) },
      shift: layout.shift,
    },
    arrays: { rowOffsets: csr.rowOffsets, colIndices: csr.colIndices, values },
    expected,
  }
}

/** Every operator that walks rows once, on one matrix of 71 rows. */
export const rowCases = (
  n: number,
  layout: Layout,
  spoil: (x: Float32Array) => void = () => undefined,
  storage = floats,
): Array<CheckedCase> => {
  const m = 71
  const exact = randomFloats(n + 50, m * n)
  spoil(exact)
  const x = rounded(exact, storage.x)
  const ld = n + layout.gap(n)
  const common = { m, n, ldX: ld, ldY: ld, shift: layout.shift, ...storageNumbers(storage) }
  const laid = { x: lay(x, n, layout, storage.x) }
  const stored = storage.y
  const offsets = Int32Array.from([0, 0, 1, 3, 3, 68, 71, 71])
  const targets = Int32Array.from([70, 0, 3, 3, 12])
  const rowwise = [0, 31].flatMap((variant) =>
    [true, false].map((l2): CheckedCase => {
      const epilogue = makeEpilogue(variant, m, n, layout, storage.y)
      const rows = l2 ? oracle.l2Rows(m, n, x) : Float64Array.from(x)
      const inPlace = variant === 0 && storage.x === storage.y ? { inPlace: 5 } : {}
      return {
        label: `rowwise width ${n}, l2 ${l2}, epilogue ${variant}`,
        numbers: {
          ...{ kind: kindOf("rowwise"), ...common, rows: m, cols: n, l2: Number(l2) },
          ...inPlace,
          ...epilogue.numbers,
        },
        arrays: { ...laid, ...epilogue.arrays },
        expected: epilogue.apply(rows),
        stored,
      }
    }),
  )
  const readouts = reduces.map(
    (reduce, index): CheckedCase => ({
      label: `readout ${reduce}, width ${n}`,
      numbers: {
        ...{ kind: kindOf("readout"), ...common, count: 7, rows: 7, cols: n },
        reduce: index,
      },
      arrays: { ...laid, rowOffsets: offsets },
      expected: oracle.readout(offsets, n, reduce, x),
      stored,
    }),
  )
  return [
    ...rowwise,
    ...readouts,
    {
      label: `gather width ${n}`,
      numbers: { kind: kindOf("gather"), ...common, count: 5, rows: 5, cols: n },
      arrays: { ...laid, rowOffsets: targets },
      expected: Array.from(targets).flatMap((row) => [...x.subarray(row * n, row * n + n)]),
      stored,
    },
    // only ever of float32
    ...(storage === floats ? [{}, { inPlace: 5 }] : []).map((inPlace) => ({
      label: `logSoftmax width ${n}`,
      numbers: { kind: kindOf("logSoftmax"), ...common, rows: m, cols: n, ...inPlace },
      arrays: laid,
      expected: oracle.logSoftmax(m, n, x),
    })),
  ]
}
