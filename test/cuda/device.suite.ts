// The cuda device by itself: plans it must refuse, stops between operators, errors of a task told from
// the loss of the device, several GPUs.
import { Cause, Effect, Exit, Fiber } from "effect"
import { afterEach, expect, it } from "vitest"
import { type CudaDeviceOptions, openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { fillRowWork, rowWorkBounds } from "../../src/model/rowWork.ts"
import { randomFloats } from "../cases/shapes.ts"
import { PlanBench, place, release, runOnce, submit } from "../native/planBench.ts"
import { chain, refusalOf } from "../native/samplePlans.ts"
import { expectSameInSegments } from "../native/segments.ts"
import { cudaOptions, freeBytes } from "./serve.ts"
import { withDevice } from "./withCudaDevice.ts"

const openError = (options: Partial<CudaDeviceOptions>) =>
  Effect.runPromise(Effect.flip(Effect.scoped(openCudaDevice({ ...cudaOptions, ...options }))))

const knobs = ["GNNSCHED_EMULATED_GPUS", "GNNSCHED_EMULATED_MEMORY"] as const

const alignBytes = 256

/** A ring of `m` nodes as one SpMM, with a work list that a test may spoil. */
const ring = (m: number, spoil?: (work: Int32Array) => void) => {
  const bench = new PlanBench(alignBytes)
  const offsets = Int32Array.from({ length: m + 1 }, (_, row) => 2 * row)
  const columns = Int32Array.from({ length: 2 * m }, (_, edge) => (edge >> 1) ^ (edge & 1))
  const work = new Int32Array(rowWorkBounds(m, 2 * m).words)
  fillRowWork(offsets, work)
  spoil?.(work)
  const y = bench.arena(m, 8)
  const rowWork = { at: bench.resident(work, 1), words: work.length }
  const none = { rowScale: null, addend: null, bias: null, affine: null }
  bench.ops.push({
    kind: "spmm",
    name: "ring",
    m,
    k: m,
    n: 8,
    nnz: 2 * m,
    reduce: "sum",
    rowOffsets: bench.resident(offsets, 1),
    colIndices: bench.resident(columns, 1),
    values: null,
    colScale: null,
    skipSelf: false,
    selfCoefficient: 0,
    selfWeight: null,
    x: bench.resident(randomFloats(3, m * 8), 8),
    y,
    epilogue: {
      ...none,
      affineAfterActivation: false,
      activation: { name: "identity", parameter: 0 },
    },
    memory: { rowWork, scratch: null },
  })
  return { bench, plan: bench.plan({ operand: y, rows: m, cols: 8 }) }
}

const withoutMemory = (plan: Plan): Plan => ({
  ...plan,
  ops: plan.ops.map((op) => {
    const { memory: _, ...bare } = op as Extract<typeof op, { kind: "spmm" }>
    return bare
  }),
})

export const deviceSuite = () => {
  afterEach(() => {
    for (const knob of knobs) delete process.env[knob]
  })

  it("runs an aggregation whose list says how", () =>
    withDevice({ paint: true }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = ring(300)
        const { completion } = yield* runOnce(device, bench, plan)
        expect(completion.opsDone).toBe(1)
      }),
    ))

  it("refuses a plan that was made for another device", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = ring(300)
        const refusal = yield* refusalOf(runOnce(device, bench, withoutMemory(plan)))
        expect(refusal.place).toBe("ops[0].memory")
        expect(refusal.reason).toContain("no work list")
      }),
    ))

  it.each([
    ["a bundle that begins one row late", (work: Int32Array) => work[work.length - 4]!++],
    ["more bundles than there is room for", (work: Int32Array) => (work[0] = 1 << 20)],
    ["a negative count", (work: Int32Array) => (work[1] = -1)],
    ["no bundle at all", (work: Int32Array) => (work[0] = 0)],
  ])("refuses %s before a kernel runs", (_, spoil) =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = ring(2, spoil)
        const refusal = yield* refusalOf(runOnce(device, bench, plan))
        expect(refusal.place).toBe("ops[0].memory.rowWork")
      }),
    ),
  )

  it.each([true, false])("stops between operators when interrupted, op timings %s", (opTimings) =>
    withDevice({ lanes: 1, opTimings }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(128, 40, alignBytes)
        const placed = yield* place(device, bench, plan)
        const fiber = yield* Effect.forkChild(submit(device, placed))
        yield* Effect.yieldNow
        const exit = yield* Fiber.interrupt(fiber).pipe(Effect.andThen(Fiber.await(fiber)))
        expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true)
        yield* release(device, placed)
        expect((yield* device.stats).usedBytes).toBe(0)
      }),
    ),
  )

  it.each([true, false])("goes on from any operator, op timings %s", (opTimings) =>
    withDevice({ opTimings, paint: true }, (device) =>
      expectSameInSegments(device, chain(64, 6, alignBytes)),
    ),
  )

  it("makes the graphs of a plan once, and gives them the addresses of another arena", () =>
    withDevice({ lanes: 1, opTimings: false, sliceBytes: 2 ** 40 }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = ring(300)
        const first = yield* place(device, bench, plan)
        const second = yield* place(device, bench, plan, 2 ** 20)
        const expected = (yield* submit(device, first)).data
        const graphs = Effect.map(device.stats, ({ gpu }) => [gpu!.graphsMade, gpu!.graphsUpdated])
        expect(yield* graphs).toEqual([1, 0])
        yield* submit(device, first)
        expect(yield* graphs).toEqual([1, 0])
        for (const [times, placed] of [second, first, second].entries()) {
          expect((yield* submit(device, placed)).data).toEqual(expected)
          expect(yield* graphs).toEqual([1, times + 1])
        }
      }),
    ))

  it("runs on the GPU that is named, in that one's memory", async () => {
    process.env.GNNSCHED_EMULATED_GPUS = "2"
    const before = [freeBytes(0), freeBytes(1)]
    for (const opTimings of [true, false]) {
      await withDevice({ gpu: 1, opTimings }, (device) =>
        Effect.gen(function* () {
          expect(device.info.gpu!.index).toBe(1)
          const { bench, plan } = ring(300)
          expect((yield* runOnce(device, bench, plan)).completion.opsDone).toBe(1)
          expect(freeBytes(0)).toBe(before[0])
          expect(freeBytes(1)).toBeLessThan(before[1]!)
        }),
      )
    }
  })

  it("says which GPU there is none of", async () => {
    process.env.GNNSCHED_EMULATED_GPUS = "2"
    expect(await openError({ gpu: 2 })).toMatchObject({
      _tag: "DeviceUnavailable",
      reason: "there is no GPU 2; this machine has 2",
    })
    process.env.GNNSCHED_EMULATED_GPUS = "0"
    expect(await openError({})).toMatchObject({ reason: "no GPU in this machine" })
  })

  it("refuses a pool that the GPU has no room for, with both numbers", async () => {
    const error = await openError({ memoryBytes: 2 ** 33 })
    expect(error.reason).toMatch(/8589934592 bytes on GPU 0, \d+ are free: out of memory/)
  })

  it("gives all memory back when it is closed", async () => {
    const before = freeBytes(0)
    await withDevice({}, () => Effect.sync(() => expect(freeBytes(0)).toBe(before - 64 * 2 ** 20)))
    expect(freeBytes(0)).toBe(before)
  })
}
