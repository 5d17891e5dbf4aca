// Long operators on the cuda device: cut into slices between which a plan stops, with the bits of the
// whole, and never left half done where they overwrite what they read.
import { Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import type { Device } from "../../src/device/Device.ts"
import { StopSignal } from "../../src/device/StopSignal.ts"
import { identityEpilogue, type Op } from "../../src/model/Op.ts"
import { sharedFloat32 } from "../../src/model/Tensor.ts"
import { randomFloats } from "../cases/shapes.ts"
import { PlanBench, place, runOnce, submit } from "../native/planBench.ts"
import { withDevice } from "./withCudaDevice.ts"

const rows = 128 * 60
const width = 32
const epilogue = { ...identityEpilogue, activation: { name: "elu", parameter: 1 } as const }

/** A product of many rows, and a rowwise operator on its result: in its place, or beside it. */
const tall = (inPlace: boolean) => {
  const bench = new PlanBench(256)
  const a = bench.resident(randomFloats(1, rows * width), width)
  const b = bench.resident(randomFloats(2, width * width), width)
  const c = bench.arena(rows, width)
  const y = inPlace ? c : bench.arena(rows, width)
  const shape = { m: rows, k: width, n: width }
  const product: Op = { kind: "gemm", name: "product", ...shape, a, b, c, epilogue }
  const norm: Op = { kind: "rowwise", name: "norm", m: rows, n: width, l2: true, x: c, y, epilogue }
  bench.ops.push(product, norm)
  return { bench, plan: bench.plan({ operand: y, rows, cols: width }) }
}

/** A product so tall that it is not cut along k, where its slices by themselves would be. */
const long = () => {
  const bench = new PlanBench(256)
  const [m, k, n] = [67 * 128, 512, 4]
  const a = bench.resident(randomFloats(3, m * k), k)
  const b = bench.resident(randomFloats(4, k * n), n)
  const c = bench.arena(m, n)
  bench.ops.push({ kind: "gemm", name: "long", m, k, n, a, b, c, epilogue: identityEpilogue })
  return { bench, plan: bench.plan({ operand: c, rows: m, cols: n }) }
}

const piecesOf = (device: Device) => Effect.map(device.stats, ({ gpu }) => gpu!.pieces)

/** Slices of 128 rows of the product, and as many of the operator behind it. */
const sliceBytes = 128 * width * 4 * 3

/** Runs until `pieces` slices were launched, stops, and says how many there were in the end. */
const stopAfter = (pieces: number, inPlace: boolean, opTimings: boolean) =>
  withDevice({ lanes: 1, opTimings, sliceBytes }, (device) =>
    Effect.gen(function* () {
      const { bench, plan } = tall(inPlace)
      const placed = yield* place(device, bench, plan)
      const fiber = yield* Effect.forkChild(submit(device, placed))
      while ((yield* piecesOf(device)) < pieces) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      return yield* piecesOf(device)
    }),
  )

const whole = (options: { readonly sliceBytes: number; readonly opTimings: boolean }) =>
  withDevice(options, (device) =>
    Effect.gen(function* () {
      const { bench, plan } = tall(true)
      const { data, completion } = yield* runOnce(device, bench, plan)
      expect(completion.opsDone).toBe(2)
      expect(completion.ops.length).toBe(options.opTimings ? 2 : 0)
      return { data, pieces: yield* piecesOf(device) }
    }),
  )

export const slicesSuite = () => {
  it("cuts a product along k as its shape says, and not as a slice's does", async () => {
    const run = (bytes: number) =>
      withDevice({ sliceBytes: bytes }, (device) => {
        const { bench, plan } = long()
        return Effect.map(runOnce(device, bench, plan), ({ data }) => Buffer.from(data.buffer))
      })
    expect((await run(2 ** 20)).equals(await run(2 ** 40))).toBe(true)
  })

  it("a slice is what a copy moves in half the time that a stop may take", () =>
    withDevice({}, ({ info: { gpu } }) =>
      Effect.sync(() => {
        expect(gpu!.copyBytesPerSecond).toBeGreaterThan(0)
        expect(gpu!.sliceBytes / gpu!.copyBytesPerSecond).toBeCloseTo(125e-6, 9)
      }),
    ))

  describe.each([true, false])("with op timings %s", (opTimings) => {
    it("gives the bits of the whole in slices of every size", async () => {
      const expected = await whole({ sliceBytes: 2 ** 40, opTimings })
      expect(expected.pieces).toBe(1)
      for (const bytes of [1, sliceBytes, 5 * sliceBytes]) {
        const sliced = await whole({ sliceBytes: bytes, opTimings })
        expect(sliced.pieces).toBeGreaterThan(10)
        expect(Buffer.from(sliced.data.buffer).equals(Buffer.from(expected.data.buffer))).toBe(true)
      }
    })

    it("stops in the middle of an operator", async () => {
      const { pieces } = await whole({ sliceBytes, opTimings })
      expect(await stopAfter(2, false, opTimings)).toBeLessThan(pieces / 2)
    })
  })

  it.each([
    ["the first operator", 2],
    ["one that overwrites what it reads", rows / 128 + 1],
  ])("goes on after a stop in the middle of %s with the bits of one run", (_, pieces) =>
    withDevice({ lanes: 1, sliceBytes, paint: true }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = tall(true)
        const expected = (yield* runOnce(device, bench, plan)).data
        const placed = yield* place(device, bench, plan)
        const output = sharedFloat32(rows * width)
        const request = { ...placed, lane: 0, output, priority: 0, taskId: "stopped" }
        const [stop, before] = [new StopSignal(), yield* piecesOf(device)]
        const fiber = yield* Effect.forkChild(device.submit({ ...request, stop }))
        while ((yield* piecesOf(device)) < before + pieces) yield* Effect.yieldNow
        stop.ask()
        const { cancelled, opsDone } = yield* Fiber.join(fiber)
        // an operator that had to be finished may have been the last
        expect(cancelled).toBe(opsDone < 2)
        yield* device.submit({ ...request, firstOp: opsDone })
        expect(output).toEqual(expected)
      }),
    ),
  )

  it("finishes an operator that overwrites what it reads, so that it can be run again", async () => {
    const { pieces } = await whole({ sliceBytes, opTimings: true })
    const product = rows / 128
    // the first slice of the second operator has been launched: nothing stops it any more
    expect(await stopAfter(product + 1, true, true)).toBe(pieces)
    expect(await stopAfter(2, true, true)).toBeLessThan(product)
  })
}
