// One check per operator: random inputs from a seed, the oracle's answer, a run on the device with the
// arena painted with NaN, and the painted high-water mark against the plan's size.
import { Effect, type Scope } from "effect"
import { expect } from "vitest"
import type { Device } from "../../src/device/Device.ts"
import { type Isa, loadAddon } from "../../src/device/native/Addon.ts"
import { openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import type { ActivationName, Aggregation } from "../../src/model/GnnModel.ts"
import { type Epilogue, identityEpilogue, type Op, type Operand } from "../../src/model/Op.ts"
import { footprintBytes } from "../../src/model/Plan.ts"
import { type CsrCase, randomFloats } from "../cases/shapes.ts"
import * as oracle from "./oracle.ts"
import { PlanBench, runOnce } from "./planBench.ts"

const tolerance = 1e-5
export const isas: ReadonlyArray<Isa> = Effect.runSync(Effect.fromResult(loadAddon(null))).detect()
  .isas

export const withDevice = <A>(
  isa: Isa,
  use: (device: Device) => Effect.Effect<A, unknown, Scope.Scope>,
) =>
  Effect.runPromise(
    Effect.scoped(
      openCpuDevice({ lanes: 1, memoryBytes: 64 << 20, isa, paint: true }).pipe(
        Effect.flatMap(use),
      ),
    ),
  )

export const activations: ReadonlyArray<ActivationName> = [
  "identity",
  "relu",
  "elu",
  "leaky_relu",
  "tanh",
  "sigmoid",
  "gelu",
  "silu",
]

/** One of many epilogues: bits of `variant` choose the parts, its value the activation. */
const makeEpilogue = (bench: PlanBench, variant: number, m: number, n: number) => {
  const floats = (part: number, length: number) =>
    variant & part ? randomFloats(variant * 31 + part, length) : null
  const [rowScale, addend, bias, scale] = [
    floats(1, m),
    floats(2, m * n),
    floats(4, n),
    floats(8, n),
  ]
  const shift = scale && randomFloats(variant + 77, n)
  const name = activations[variant % activations.length]!
  const arrays: oracle.EpilogueArrays = {
    rowScale,
    addend,
    bias,
    affine: scale && shift && { scale, shift },
    affineAfterActivation: (variant & 16) !== 0,
    activation: { name, parameter: name === "elu" ? 1.25 : name === "leaky_relu" ? 0.1 : 0 },
  }
  const epilogue: Epilogue = {
    ...arrays,
    rowScale: rowScale && bench.resident(rowScale),
    addend: addend && bench.resident(addend, n),
    bias: bias && bench.resident(bias),
    affine: scale && shift && { scale: bench.resident(scale), shift: bench.resident(shift) },
  }
  return { arrays, epilogue }
}

/** Runs one op that writes y[rows, cols]; the painted high-water mark must be the plan's size. */
export const check = (
  device: Device,
  label: string,
  rows: number,
  cols: number,
  expected: oracle.Matrix,
  build: (bench: PlanBench, y: Operand) => Op,
) =>
  Effect.gen(function* () {
    const bench = new PlanBench()
    const y = bench.arena(rows, cols)
    bench.ops.push(build(bench, y))
    const plan = bench.plan({ operand: y, rows, cols })
    const { data, completion } = yield* runOnce(device, bench, plan)
    expect(oracle.worstError(data, expected), label).toBeLessThan(tolerance)
    expect(completion.measuredPeakBytes, label).toBe(footprintBytes(plan))
  })

export const checkGemm = (device: Device, m: number, k: number, n: number, variant: number) => {
  const [a, b] = [randomFloats(m + 1, m * k), randomFloats(n + 2, k * n)]
  const { arrays } = makeEpilogue(new PlanBench(), variant, m, n)
  const expected = oracle.applyEpilogue(arrays, oracle.gemm(m, k, n, a, b), m, n)
  return check(device, `gemm ${m} ${k} ${n} epilogue ${variant}`, m, n, expected, (bench, c) => ({
    kind: "gemm",
    name: "gemm",
    m,
    k,
    n,
    a: bench.resident(a, k),
    b: bench.resident(b, n),
    c,
    epilogue: makeEpilogue(bench, variant, m, n).epilogue,
  }))
}

interface SpmmMode {
  readonly reduce: Aggregation
  readonly values: boolean
  readonly colScale: boolean
  readonly skipSelf: boolean
  readonly selfCoefficient: number
  readonly selfWeight: boolean
}
export const spmmModes: ReadonlyArray<SpmmMode> = [
  ...[0, 1, 2, 3].map((weights) => ({
    reduce: "sum" as const,
    values: (weights & 1) !== 0,
    colScale: (weights & 2) !== 0,
    skipSelf: weights === 2,
    selfCoefficient: weights === 2 ? 1.5 : 0,
    selfWeight: false,
  })),
  ...[false, true].map((skipSelf) => ({
    reduce: "mean" as const,
    values: skipSelf,
    colScale: false,
    skipSelf,
    selfCoefficient: skipSelf ? 0.5 : 0,
    selfWeight: skipSelf,
  })),
  ...[false, true].map((skipSelf) => ({
    reduce: "max" as const,
    values: false,
    colScale: false,
    skipSelf,
    selfCoefficient: 0,
    selfWeight: false,
  })),
]

export const checkSpmm = (
  device: Device,
  csr: CsrCase,
  n: number,
  mode: SpmmMode,
  variant: number,
  x = randomFloats(n + 3, csr.k * n),
) => {
  const { m, k } = csr
  const nnz = csr.colIndices.length
  const values = mode.values ? randomFloats(5, nnz) : null
  const colScale = mode.colScale ? randomFloats(6, k) : null
  const self = mode.selfCoefficient !== 0 && m <= k
  const selfWeight = self && mode.selfWeight ? randomFloats(7, m) : null
  const selfCoefficient = self ? mode.selfCoefficient : 0
  const input = { ...mode, csr, n, values, colScale, selfWeight, selfCoefficient, x }
  const { arrays } = makeEpilogue(new PlanBench(), variant, m, n)
  const expected = oracle.applyEpilogue(arrays, oracle.spmm(input), m, n)
  const label = `spmm ${csr.name}, width ${n}, ${JSON.stringify(mode)}, epilogue ${variant}`
  return check(device, label, m, n, expected, (bench, y) => ({
    kind: "spmm",
    name: "spmm",
    m,
    k,
    n,
    nnz,
    reduce: mode.reduce,
    rowOffsets: bench.resident(csr.rowOffsets),
    colIndices: bench.resident(csr.colIndices),
    values: values && bench.resident(values),
    colScale: colScale && bench.resident(colScale),
    skipSelf: mode.skipSelf,
    selfCoefficient,
    selfWeight: selfWeight && bench.resident(selfWeight),
    x: bench.resident(x, n),
    y,
    epilogue: makeEpilogue(bench, variant, m, n).epilogue,
  }))
}

interface GatScores {
  readonly scoreSrc: Float32Array
  readonly scoreDst: Float32Array
}

export const checkGat = (
  device: Device,
  csr: CsrCase,
  [heads, headWidth]: readonly [number, number],
  concat: boolean,
  selfLoops: boolean,
  variant: number,
  scores: GatScores = {
    scoreSrc: randomFloats(8, csr.m * heads),
    scoreDst: randomFloats(9, csr.m * heads),
  },
) => {
  const m = csr.m
  const cols = heads * headWidth
  const n = concat ? cols : headWidth
  const x = randomFloats(10, m * cols)
  const input = { csr, heads, headWidth, concat, selfLoops, negativeSlope: 0.2, x, ...scores }
  const { arrays } = makeEpilogue(new PlanBench(), variant, m, n)
  const expected = oracle.applyEpilogue(arrays, oracle.gat(input), m, n)
  const label = `gat ${csr.name}, ${heads} x ${headWidth}, concat ${concat}, loops ${selfLoops}`
  return check(device, label, m, n, expected, (bench, y) => ({
    ...input,
    kind: "gat",
    name: "gat",
    m,
    nnz: csr.colIndices.length,
    rowOffsets: bench.resident(csr.rowOffsets),
    colIndices: bench.resident(csr.colIndices),
    x: bench.resident(x, cols),
    scoreSrc: bench.resident(scores.scoreSrc, heads),
    scoreDst: bench.resident(scores.scoreDst, heads),
    y,
    epilogue: makeEpilogue(bench, variant, m, n).epilogue,
  }))
}

export const checkGatV2 = (
  device: Device,
  csr: CsrCase,
  [heads, headWidth]: readonly [number, number],
  concat: boolean,
  selfLoops: boolean,
  variant: number,
  att = randomFloats(12, heads * headWidth),
) => {
  const m = csr.m
  const cols = heads * headWidth
  const n = concat ? cols : headWidth
  const [x, target] = [randomFloats(10, m * cols), randomFloats(11, m * cols)]
  const input = { csr, heads, headWidth, concat, selfLoops, negativeSlope: 0.2, x, target, att }
  const { arrays } = makeEpilogue(new PlanBench(), variant, m, n)
  const expected = oracle.applyEpilogue(arrays, oracle.gatv2(input), m, n)
  const label = `gatv2 ${csr.name}, ${heads} x ${headWidth}, concat ${concat}, loops ${selfLoops}`
  return check(device, label, m, n, expected, (bench, y) => ({
    ...input,
    kind: "gatv2",
    name: "gatv2",
    m,
    nnz: csr.colIndices.length,
    rowOffsets: bench.resident(csr.rowOffsets),
    colIndices: bench.resident(csr.colIndices),
    x: bench.resident(x, cols),
    target: bench.resident(target, cols),
    att: bench.resident(att),
    y,
    epilogue: makeEpilogue(bench, variant, m, n).epilogue,
  }))
}

/** NaN, infinities and large, small and ordinary values through each activation. */
export const checkActivations = (device: Device) => {
  const special = [0, 1, -1, 1e-20, -1e-20, 0.49, -0.51, 20, -20, 89, -104, 1e30, -1e30]
  const x = Float32Array.from([
    ...special,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    ...randomFloats(44, 200).map((v) => v * 4),
  ])
  return Effect.forEach(activations, (name) => {
    const activation = { name, parameter: 0.5 }
    const expected = Float64Array.from(x, (v) => oracle.activate(activation, v))
    return Effect.gen(function* () {
      const bench = new PlanBench()
      const y = bench.arena(1, x.length)
      bench.ops.push({
        kind: "rowwise",
        name,
        m: 1,
        n: x.length,
        l2: false,
        x: bench.resident(x, x.length),
        y,
        epilogue: { ...identityEpilogue, activation },
      })
      const plan = bench.plan({ operand: y, rows: 1, cols: x.length })
      const { data } = yield* runOnce(device, bench, plan)
      for (let i = 0; i < x.length; i++) {
        const [found, wanted] = [data[i]!, Math.fround(expected[i]!)]
        // erfc multiplies the rounding of its argument by 2 z^2
        const relative = name === "gelu" ? 1e-5 : 1e-6
        const near = Math.abs(found - wanted) <= relative * Math.abs(wanted) + 1e-37
        expect(Object.is(found, wanted) || near, `${name}(${x[i]}) = ${wanted}, not ${found}`).toBe(
          true,
        )
      }
    })
  })
}

export const checkRowOps = (
  device: Device,
  n: number,
  spoil: (x: Float32Array) => void = () => undefined,
) =>
  Effect.gen(function* () {
    const m = 71
    const x = randomFloats(n + 50, m * n)
    spoil(x)
    for (const variant of [0, 31]) {
      const { arrays } = makeEpilogue(new PlanBench(), variant, m, n)
      for (const l2 of [true, false]) {
        const rows = l2 ? oracle.l2Rows(m, n, x) : Float64Array.from(x)
        const expected = oracle.applyEpilogue(arrays, rows, m, n)
        yield* check(device, `rowwise ${n} l2 ${l2}`, m, n, expected, (bench, y) => ({
          kind: "rowwise",
          name: "rowwise",
          m,
          n,
          l2,
          x: bench.resident(x, n),
          y,
          epilogue: makeEpilogue(bench, variant, m, n).epilogue,
        }))
      }
    }
    const offsets = Int32Array.from([0, 0, 1, 3, 3, 68, 71, 71])
    for (const reduce of ["sum", "mean", "max"] as const) {
      const expected = oracle.readout(offsets, n, reduce, x)
      yield* check(device, `readout ${reduce} ${n}`, 7, n, expected, (bench, y) => ({
        kind: "readout",
        name: "readout",
        graphs: 7,
        m,
        n,
        reduce,
        graphOffsets: bench.resident(offsets),
        x: bench.resident(x, n),
        y,
      }))
    }
    const targets = Int32Array.from([70, 0, 3, 3, 12])
    const picked = Array.from(targets).flatMap((row) => [...x.subarray(row * n, row * n + n)])
    yield* check(device, `gather ${n}`, 5, n, picked, (bench, y) => ({
      kind: "gather",
      name: "gather",
      count: 5,
      m,
      n,
      rows: bench.resident(targets),
      x: bench.resident(x, n),
      y,
    }))
    const logs = oracle.logSoftmax(m, n, x)
    yield* check(device, `logSoftmax ${n}`, m, n, logs, (bench, y) => ({
      kind: "logSoftmax",
      name: "logSoftmax",
      m,
      n,
      x: bench.resident(x, n),
      y,
    }))
  })
