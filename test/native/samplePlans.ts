// Plans of several operators and the devices to run them on, for the tests of the device itself.
import { Effect, type Scope } from "effect"
import { expect } from "vitest"
import type { Device } from "../../src/device/Device.ts"
import { type CpuDeviceOptions, openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import { PlanRefused } from "../../src/model/errors.ts"
import { identityEpilogue } from "../../src/model/Op.ts"
import { graphCases, randomFloats } from "../cases/shapes.ts"
import { PlanBench } from "./planBench.ts"

export const withDevice = <A>(
  options: Partial<CpuDeviceOptions>,
  use: (device: Device) => Effect.Effect<A, unknown, Scope.Scope>,
) =>
  Effect.runPromise(
    Effect.scoped(
      openCpuDevice({ lanes: 2, memoryBytes: 64 << 20, ...options }).pipe(Effect.flatMap(use)),
    ),
  )

/** The refusal an effect must end with. */
export const refusalOf = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<PlanRefused> =>
  Effect.flip(effect).pipe(
    Effect.orDie,
    Effect.map((error) => {
      expect(error).toBeInstanceOf(PlanRefused)
      return error as unknown as PlanRefused
    }),
  )

/** `steps` products in a chain, size x size: long enough to be cut between. */
export const chain = (size: number, steps: number, alignBytes?: number) => {
  const bench = new PlanBench(alignBytes)
  const b = bench.resident(randomFloats(1, size * size), size)
  let a = bench.resident(randomFloats(2, size * size), size)
  for (let i = 0; i < steps; i++) {
    const c = bench.arena(size, size)
    const epilogue = { ...identityEpilogue, activation: { name: "tanh", parameter: 0 } as const }
    bench.ops.push({
      kind: "gemm",
      name: `step ${i}`,
      m: size,
      k: size,
      n: size,
      a,
      b,
      c,
      epilogue,
    })
    a = c
  }
  return { bench, plan: bench.plan({ operand: a, rows: size, cols: size }) }
}

/** GEMM, attention, aggregation and log-softmax over the power-law graph. */
export const network = (seed: number) => {
  const csr = graphCases.at(-1)!
  const [m, nnz] = [csr.m, csr.colIndices.length]
  const bench = new PlanBench()
  const graph = {
    m,
    nnz,
    rowOffsets: bench.resident(csr.rowOffsets),
    colIndices: bench.resident(csr.colIndices),
  }
  const [x, b] = [randomFloats(seed, m * 90), randomFloats(seed + 1, 90 * 66)]
  const [hidden, attended, out] = [bench.arena(m, 66), bench.arena(m, 64), bench.arena(m, 64)]
  const epilogue = identityEpilogue
  const heads = { heads: 1, headWidth: 64, concat: true, selfLoops: true, negativeSlope: 0.2 }
  const gemm = { m, k: 90, n: 66, a: bench.resident(x, 90), b: bench.resident(b, 66), c: hidden }
  const at = (column: number) => ({ ...hidden, offset: hidden.offset + column * 4 })
  const scores = { scoreSrc: at(64), scoreDst: at(65) }
  const plain = { values: null, colScale: null, skipSelf: false, selfWeight: null }
  bench.ops.push(
    { kind: "gemm", name: "gemm", ...gemm, epilogue },
    { kind: "gat", name: "gat", ...graph, ...heads, x: hidden, ...scores, y: attended, epilogue },
    {
      ...{ kind: "spmm", name: "spmm", ...graph, ...plain, k: m, n: 64, reduce: "mean" },
      ...{ selfCoefficient: 1, x: attended, y: out, epilogue },
    },
    { kind: "logSoftmax", name: "logSoftmax", m, n: 64, x: out, y: out },
  )
  return { bench, plan: bench.plan({ operand: out, rows: m, cols: 64 }) }
}
