// What each operator means, in float64 and in the plainest loops: the native tests' own oracle,
// written from the documentation of src/model/Op.ts and from nothing else.
import type { Activation, Aggregation } from "../../src/model/GnnModel.ts"
import type { CsrCase } from "../cases/shapes.ts"

export type Matrix = ArrayLike<number>

/** erfc by its continued fraction or series, to float64's precision. */
const erfc = (x: number): number => {
  if (Number.isNaN(x)) return x
  const z = Math.abs(x)
  let tail: number
  if (z < 2.5) {
    let term = z
    let sum = z
    for (let n = 1; n < 200; n++) {
      term *= (-z * z) / n
      sum += term / (2 * n + 1)
    }
    tail = 1 - (2 / Math.sqrt(Math.PI)) * sum
  } else {
    let fraction = 0
    for (let n = 100; n > 0; n--) fraction = n / 2 / (z + fraction)
    tail = Math.exp(-z * z) / (z + fraction) / Math.sqrt(Math.PI)
  }
  return x < 0 ? 2 - tail : tail
}

export const activate = ({ name, parameter }: Activation, v: number): number => {
  switch (name) {
    case "identity":
      return v
    case "relu":
      return Math.max(v, 0) // NaN stays NaN
    case "elu":
      return v > 0 ? v : parameter * Math.expm1(v)
    case "leaky_relu":
      return v > 0 ? v : parameter * v
    case "tanh":
      return Math.tanh(v)
    case "sigmoid":
      return 1 / (1 + Math.exp(-v))
    case "silu":
      return v / (1 + Math.exp(-v))
    case "gelu":
      return 0.5 * v * erfc(-v / Math.SQRT2)
  }
}

/** The epilogue's arrays; addend is [m, n] contiguous. */
export interface EpilogueArrays {
  readonly rowScale: Matrix | null
  readonly addend: Matrix | null
  readonly bias: Matrix | null
  readonly affine: { readonly scale: Matrix; readonly shift: Matrix } | null
  readonly affineAfterActivation: boolean
  readonly activation: Activation
}

export const applyEpilogue = (
  e: EpilogueArrays,
  rows: Float64Array,
  m: number,
  n: number,
): Float64Array => {
  const out = new Float64Array(m * n)
  for (let r = 0; r < m; r++) {
    for (let c = 0; c < n; c++) {
      const affine = (v: number) =>
        e.affine === null ? v : v * e.affine.scale[c]! + e.affine.shift[c]!
      let v = rows[r * n + c]!
      if (e.rowScale !== null) v *= e.rowScale[r]!
      if (e.addend !== null) v += e.addend[r * n + c]!
      if (e.bias !== null) v += e.bias[c]!
      if (!e.affineAfterActivation) v = affine(v)
      v = activate(e.activation, v)
      if (e.affineAfterActivation) v = affine(v)
      out[r * n + c] = v
    }
  }
  return out
}

export const gemm = (m: number, k: number, n: number, a: Matrix, b: Matrix): Float64Array => {
  const out = new Float64Array(m * n)
  for (let r = 0; r < m; r++) {
    for (let p = 0; p < k; p++) {
      const s = a[r * k + p]!
      for (let c = 0; c < n; c++) out[r * n + c]! += s * b[p * n + c]!
    }
  }
  return out
}

const maximum = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b)

export interface SpmmInput {
  readonly csr: CsrCase
  readonly n: number
  readonly reduce: Aggregation
  readonly values: Matrix | null
  readonly colScale: Matrix | null
  readonly skipSelf: boolean
  readonly selfCoefficient: number
  readonly selfWeight: Matrix | null
  readonly x: Matrix
}

export const spmm = (s: SpmmInput): Float64Array => {
  const { m, rowOffsets, colIndices } = s.csr
  const out = new Float64Array(m * s.n)
  for (let r = 0; r < m; r++) {
    const edges: Array<number> = []
    for (let e = rowOffsets[r]!; e < rowOffsets[r + 1]!; e++) {
      if (!(s.skipSelf && colIndices[e] === r)) edges.push(e)
    }
    const own = s.selfCoefficient * (s.colScale?.[r] ?? 1) * (s.selfWeight?.[r] ?? 1)
    for (let c = 0; c < s.n; c++) {
      const terms = edges.map((e) => {
        const col = colIndices[e]!
        return (s.values?.[e] ?? 1) * (s.colScale?.[col] ?? 1) * s.x[col * s.n + c]!
      })
      let v = 0
      if (s.reduce === "max") v = terms.length === 0 ? 0 : terms.reduce(maximum)
      else v = terms.reduce((sum, term) => sum + term, 0)
      if (s.reduce === "mean") v /= Math.max(1, edges.length)
      if (s.selfCoefficient !== 0) v += own * s.x[r * s.n + c]!
      out[r * s.n + c] = v
    }
  }
  return out
}

interface AttentionInput {
  readonly csr: CsrCase
  readonly heads: number
  readonly headWidth: number
  readonly concat: boolean
  readonly selfLoops: boolean
  readonly negativeSlope: number
  readonly x: Matrix
}

export interface GatInput extends AttentionInput {
  readonly scoreSrc: Matrix
  readonly scoreDst: Matrix
}

export interface GatV2Input extends AttentionInput {
  readonly target: Matrix
  readonly att: Matrix
}

const leakyRelu = (slope: number, v: number): number => (v > 0 ? v : v * slope)

export const gat = (g: GatInput): Float64Array =>
  attend(g, (col, r, h) =>
    leakyRelu(g.negativeSlope, g.scoreSrc[col * g.heads + h]! + g.scoreDst[r * g.heads + h]!),
  )

export const gatv2 = (g: GatV2Input): Float64Array => {
  const n = g.heads * g.headWidth
  return attend(g, (col, r, h) => {
    let sum = 0
    for (let c = h * g.headWidth; c < (h + 1) * g.headWidth; c++) {
      sum += g.att[c]! * leakyRelu(g.negativeSlope, g.x[col * n + c]! + g.target[r * n + c]!)
    }
    return sum
  })
}

const attend = (
  g: AttentionInput,
  logit: (col: number, r: number, h: number) => number,
): Float64Array => {
  const { m, rowOffsets, colIndices } = g.csr
  const n = g.heads * g.headWidth
  const cols = g.concat ? n : g.headWidth
  const out = new Float64Array(m * cols)
  for (let r = 0; r < m; r++) {
    let sources = [...colIndices.subarray(rowOffsets[r], rowOffsets[r + 1])]
    if (g.selfLoops) sources = [...sources.filter((col) => col !== r), r]
    for (let h = 0; h < g.heads; h++) {
      const logits = sources.map((col) => logit(col, r, h))
      const largest = logits.reduce(maximum, Number.NEGATIVE_INFINITY)
      const weights = logits.map((v) => Math.exp(v - largest))
      const sum = weights.reduce((a, b) => a + b, 0)
      sources.forEach((col, i) => {
        const weight = weights[i]! / sum / (g.concat ? 1 : g.heads)
        for (let d = 0; d < g.headWidth; d++) {
          const at = r * cols + (g.concat ? h * g.headWidth : 0) + d
          out[at]! += weight * g.x[col * n + h * g.headWidth + d]!
        }
      })
    }
  }
  return out
}

export const readout = (
  offsets: Int32Array,
  n: number,
  reduce: Aggregation,
  x: Matrix,
): Float64Array => {
  const graphs = offsets.length - 1
  const out = new Float64Array(graphs * n)
  for (let g = 0; g < graphs; g++) {
    const count = offsets[g + 1]! - offsets[g]!
    for (let c = 0; c < n; c++) {
      const column = Array.from({ length: count }, (_, i) => x[(offsets[g]! + i) * n + c]!)
      if (count === 0) continue
      const total =
        reduce === "max" ? column.reduce(maximum) : column.reduce((sum, v) => sum + v, 0)
      out[g * n + c] = reduce === "mean" ? total / count : total
    }
  }
  return out
}

export const l2Rows = (m: number, n: number, x: Matrix): Float64Array => {
  const out = new Float64Array(m * n)
  for (let r = 0; r < m; r++) {
    let square = 0
    for (let c = 0; c < n; c++) square += x[r * n + c]! ** 2
    for (let c = 0; c < n; c++) out[r * n + c] = x[r * n + c]! / maximum(Math.sqrt(square), 1e-12)
  }
  return out
}

export const logSoftmax = (m: number, n: number, x: Matrix): Float64Array => {
  const out = new Float64Array(m * n)
  for (let r = 0; r < m; r++) {
    const row = Array.from({ length: n }, (_, c) => x[r * n + c]!)
    const largest = row.reduce(maximum, Number.NEGATIVE_INFINITY)
    const log = Math.log(row.reduce((sum, v) => sum + Math.exp(v - largest), 0))
    row.forEach((v, c) => {
      out[r * n + c] = v - largest - log
    })
  }
  return out
}

/**
 * The largest error, relative to the value itself or to the mean magnitude of the values that are
 * not 0, whichever is larger; infinity where one is NaN or infinite and the other is not the same.
 */
export const worstError = (found: Matrix, expected: Matrix): number => {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY
  let sum = 0
  let finite = 0
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(expected[i]) || expected[i] === 0) continue
    sum += Math.abs(expected[i]!)
    finite++
  }
  const mean = finite === 0 ? 0 : sum / finite
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    const [f, e] = [found[i]!, expected[i]!]
    if (Object.is(f, e) || f === e) continue
    const error = Math.abs(f - e) / Math.max(Math.abs(e), mean)
    worst = error <= worst ? worst : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error
  }
  return worst
}
