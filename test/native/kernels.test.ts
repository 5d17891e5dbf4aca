// Every operator on every instruction set of this machine against the float64 oracle, over the table
// of odd shapes. Arenas are painted with NaN first, so a read of what was never written shows.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { identityEpilogue } from "../../src/model/Op.ts"
import {
  csrOf,
  gemmShapes,
  graphCases,
  headShapes,
  randomFloats,
  rectangleCases,
  seededRandom,
  widths,
} from "../cases/shapes.ts"
import {
  check,
  checkActivations,
  checkGat,
  checkGatV2,
  checkGemm,
  checkRowOps,
  checkSpmm,
  isas,
  spmmModes,
  withDevice,
} from "./kernelChecks.ts"
import * as oracle from "./oracle.ts"
import { PlanBench, runOnce } from "./planBench.ts"

describe.each(isas)("kernels for %s", (isa) => {
  it("multiply matrices of every odd shape with every epilogue", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        let variant = 0
        for (const [m, k, n] of gemmShapes) yield* checkGemm(device, m, k, n, variant++)
        for (variant = 0; variant < 128; variant++) yield* checkGemm(device, 9, 21, 37, variant)
      }),
    ))

  it("aggregate over every odd graph and width in every mode", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        let variant = 0
        for (const csr of [...graphCases, ...rectangleCases]) {
          const large = csr.colIndices.length > 3000
          for (const n of large ? [1, 17, 64, 130] : widths) {
            for (const mode of spmmModes) {
              yield* checkSpmm(device, csr, n, mode, variant++ % (large ? 1 : 32))
            }
          }
        }
      }),
    ))

  it("attend over every odd graph with every head shape", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        let variant = 0
        for (const csr of graphCases) {
          const large = csr.colIndices.length > 3000
          for (const heads of headShapes.slice(0, large ? 6 : undefined)) {
            for (const concat of [true, false]) {
              for (const selfLoops of [true, false]) {
                yield* checkGat(device, csr, heads, concat, selfLoops, variant % 32)
                yield* checkGatV2(device, csr, heads, concat, selfLoops, variant++ % 32)
              }
            }
          }
        }
      }),
    ))

  it("attend where logits are huge, tiny or minus infinity", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        const csr = graphCases.find(({ name }) => name.startsWith("rows of 63"))!
        const scaled = (seed: number, by: number) =>
          randomFloats(seed, csr.m * 2).map((value) => value * by)
        for (const by of [1e-20, 1, 80, 1e4, 1e30]) {
          const scores = { scoreSrc: scaled(1, by), scoreDst: scaled(2, by) }
          yield* checkGat(device, csr, [2, 9], true, true, 0, scores)
        }
        const scoreSrc = scaled(3, 1).map((v, i) => (i % 3 === 0 ? Number.NEGATIVE_INFINITY : v))
        yield* checkGat(device, csr, [2, 9], true, true, 0, { scoreSrc, scoreDst: scaled(4, 1) })
        for (const by of [1e-20, 80, 1e4]) {
          const att = randomFloats(5, 18).map((value) => value * by)
          yield* checkGatV2(device, csr, [2, 9], true, true, 0, att)
        }
      }),
    ))

  it("keep long sums of one sign within 2e-6 of float64", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        const random = seededRandom(99)
        const positive = (length: number) => Float32Array.from({ length }, () => random() + 0.1)
        const hub = csrOf("hub", 20_000, [Array.from({ length: 20_000 }, (_, i) => i)])
        const x = positive(20_000 * 3)
        const bench = new PlanBench()
        const y = bench.arena(1, 3)
        bench.ops.push({
          ...spmmModes[0]!,
          kind: "spmm",
          name: "hub",
          m: 1,
          k: 20_000,
          n: 3,
          nnz: 20_000,
          rowOffsets: bench.resident(hub.rowOffsets),
          colIndices: bench.resident(hub.colIndices),
          values: null,
          colScale: null,
          selfWeight: null,
          x: bench.resident(x, 3),
          y,
          epilogue: identityEpilogue,
        })
        const { data } = yield* runOnce(device, bench, bench.plan({ operand: y, rows: 1, cols: 3 }))
        const expected = oracle.gemm(1, 20_000, 3, new Float64Array(20_000).fill(1), x)
        expect(oracle.worstError(data, expected)).toBeLessThan(2e-6)
      }),
    ))

  it("densify, normalise, read out, gather and take the log-softmax of every width", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        for (const csr of [...graphCases, ...rectangleCases]) {
          const values = randomFloats(31, csr.colIndices.length)
          const dense = new Float64Array(csr.m * csr.k)
          for (let r = 0; r < csr.m; r++) {
            for (let e = csr.rowOffsets[r]!; e < csr.rowOffsets[r + 1]!; e++) {
              dense[r * csr.k + csr.colIndices[e]!]! += values[e]!
            }
          }
          yield* check(device, `densify ${csr.name}`, csr.m, csr.k, dense, (bench, y) => ({
            kind: "densify",
            name: "densify",
            m: csr.m,
            k: csr.k,
            nnz: values.length,
            rowOffsets: bench.resident(csr.rowOffsets),
            colIndices: bench.resident(csr.colIndices),
            values: bench.resident(values),
            y,
          }))
        }
        for (const n of widths) yield* checkRowOps(device, n)
      }),
    ))

  it("pass NaN and infinity through every operator", () =>
    withDevice(isa, (device) =>
      Effect.gen(function* () {
        const csr = graphCases.find(({ name }) => name.startsWith("random"))!
        for (const n of [3, 16, 33, 130]) {
          const x = randomFloats(41, csr.k * n)
          x[5 * n] = Number.NaN
          x[9 * n + n - 1] = Number.POSITIVE_INFINITY
          x[11 * n + 1] = Number.NEGATIVE_INFINITY
          for (const mode of spmmModes) yield* checkSpmm(device, csr, n, mode, 0, x)
        }
        const scoreSrc = randomFloats(42, csr.m * 3)
        scoreSrc[7 * 3 + 1] = Number.NaN
        scoreSrc[8 * 3 + 2] = Number.POSITIVE_INFINITY
        const scores = { scoreSrc, scoreDst: randomFloats(43, csr.m * 3) }
        yield* checkGat(device, csr, [3, 7], true, true, 0, scores)
        yield* checkGat(device, csr, [3, 16], false, false, 0, scores)
        yield* checkRowOps(device, 37, (x) => {
          x[3] = Number.NaN
          x[37 + 36] = Number.POSITIVE_INFINITY
          x[2 * 37 + 5] = Number.NEGATIVE_INFINITY
        })
        yield* checkActivations(device)
      }),
    ))
})
