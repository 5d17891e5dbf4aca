// Plans under way: cancelled at operator boundaries, timed, the same bits alone and co-located, off
// the event loop.
import { monitorEventLoopDelay, performance } from "node:perf_hooks"
import { Cause, Deferred, Effect, Exit, Fiber, Option } from "effect"
import { describe, expect, it } from "vitest"
import { loadAddon } from "../../src/device/native/Addon.ts"
import { openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import { footprintBytes, type Plan } from "../../src/model/Plan.ts"
import { sharedFloat32 } from "../../src/model/Tensor.ts"
import { place, release, runOnce, submit } from "./planBench.ts"
import { chain, network, refusalOf, withDevice } from "./samplePlans.ts"
import { expectSameInSegments, runStopping } from "./segments.ts"

describe("a running plan", () => {
  it("stops at an operator boundary when interrupted, and frees its grants", () =>
    withDevice({ lanes: 1 }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(512, 60)
        const placed = yield* place(device, bench, plan)
        const fiber = yield* Effect.forkChild(submit(device, placed))
        yield* Effect.yieldNow
        const busy = yield* refusalOf(device.revoke(placed.arena.id))
        expect(busy.reason).toContain("is in use by 1 plans")
        const exit = yield* Fiber.interrupt(fiber).pipe(Effect.andThen(Fiber.await(fiber)))
        expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true)
        yield* release(device, placed)
        expect((yield* device.stats).usedBytes).toBe(0)
        const whole = yield* runOnce(device, bench, plan)
        expect(whole.completion.opsDone).toBe(60)
        expect(whole.completion.cancelled).toBe(false)
      }),
    ))

  it("tells how far it has come from its submission on, and nothing before and after", () =>
    withDevice({ lanes: 2 }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(512, 60)
        const placed = yield* place(device, bench, plan)
        expect(device.progress!(0)).toBe(null)
        const fiber = yield* Effect.forkChild(submit(device, placed))
        /** -1 for a null. */
        const told: Array<number> = []
        yield* Effect.yieldNow
        while (fiber.pollUnsafe() === undefined) {
          const progress = device.progress!(0)
          told.push(progress?.opsDone ?? -1)
          expect(progress?.sinceMs ?? 0).toBeGreaterThanOrEqual(0)
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        // It has left the lane when that is heard of.
        while (told.at(-1) === -1) told.pop()
        expect(told).not.toContain(-1)
        expect(told.length).toBeGreaterThan(1)
        expect(told).toEqual(told.toSorted((a, b) => a - b))
        expect(told.at(-1)).toBeLessThanOrEqual(60)
        expect([0, 1].map((lane) => device.progress!(lane))).toEqual([null, null])
      }),
    ))

  it("times each operator, one after the other, within the run", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = network(3)
        const { completion } = yield* runOnce(device, bench, plan)
        let before = 0
        for (const { startMs, endMs } of completion.ops) {
          expect(startMs).toBeGreaterThanOrEqual(before)
          expect(endMs).toBeGreaterThan(startMs)
          before = endMs
        }
        expect(completion.runMs).toBeGreaterThanOrEqual(before)
      }),
    ))
})

const addon = loadAddon(null)
const isas = addon._tag === "Success" ? addon.success.detect().isas : []

describe("a plan that goes on after it was stopped", () => {
  for (const isa of isas) {
    it(`gives the same bits and bytes whichever operator it stops before, on ${isa}`, () =>
      withDevice({ isa, paint: true }, (device) => expectSameInSegments(device, network(7))))
  }

  it("loses no finished operator when it is stopped while it runs", () =>
    withDevice({ lanes: 1 }, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(384, 60)
        const whole = yield* runOnce(device, bench, plan)
        const placed = yield* place(device, bench, plan)
        const { data, opsDone, stops } = yield* runStopping(device, placed)
        expect(sameBits(data, whole.data)).toBe(true)
        expect(opsDone).toBe(60)
        expect(stops).toBeGreaterThan(0)
        yield* release(device, placed)
      }),
    ))

  it("is refused where not so many operators have run in its arena", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = network(3)
        const placed = yield* place(device, bench, plan)
        const early = yield* refusalOf(submit(device, placed, 0, 0, { firstOp: 1 }))
        expect(early).toMatchObject({
          place: "firstOp",
          reason: `1 of ${plan.ops.length} operators, 0 have run in this arena`,
        })
        yield* submit(device, placed)
        const beyond = yield* refusalOf(
          submit(device, placed, 0, 0, { firstOp: plan.ops.length + 1 }),
        )
        expect(beyond.place).toBe("firstOp")
        const negative = yield* refusalOf(submit(device, placed, 0, 0, { firstOp: -1 }))
        expect(negative.place).toBe("firstOp")
      }),
    ))
})

const sameBits = (a: Float32Array, b: Float32Array) =>
  Buffer.compare(
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  ) === 0

describe("co-location", () => {
  it("gives the same bits with every lane busy as alone", () =>
    withDevice({ lanes: 4 }, (device) =>
      Effect.gen(function* () {
        const made = [1, 2, 3, 4].map((seed) => network(seed * 10))
        const alone: Array<Float32Array> = []
        for (const { bench, plan } of made) alone.push((yield* runOnce(device, bench, plan)).data)
        let base = 0
        const placed = []
        for (const { bench, plan } of made) {
          placed.push(yield* place(device, bench, plan, base))
          base += footprintBytes(plan)
        }
        for (let round = 0; round < 5; round++) {
          const together = yield* Effect.forEach(placed, (p, lane) => submit(device, p, lane), {
            concurrency: "unbounded",
          })
          together.forEach(({ data }, i) => {
            expect(sameBits(data, alone[i]!)).toBe(true)
          })
        }
      }),
    ))

  it("runs plans queued on one lane in order of priority", () =>
    withDevice({ lanes: 1 }, (device) =>
      Effect.gen(function* () {
        const long = chain(256, 20)
        const short = chain(8, 1)
        const first = yield* place(device, long.bench, long.plan)
        const starts = yield* Effect.forEach([0, 1, 2], (i) =>
          place(device, short.bench, short.plan, (32 << 20) + i * 4096),
        )
        const ended: Array<number> = []
        const run = (p: typeof first, priority: number) =>
          device
            .submit({
              ...{ lane: 0, plan: p.plan, arena: p.arena, residents: p.residents, priority },
              output: sharedFloat32(p.plan.output.rows * p.plan.output.cols),
              taskId: String(priority),
            })
            .pipe(Effect.tap(() => Effect.sync(() => ended.push(priority))))
        yield* Effect.all(
          [run(first, 9), run(starts[0]!, 1), run(starts[1]!, 3), run(starts[2]!, 2)],
          { concurrency: "unbounded" },
        )
        expect(ended).toEqual([9, 3, 2, 1])
      }),
    ))

  it("leaves the event loop free while 64 MB are copied and a long plan runs", () =>
    withDevice({ memoryBytes: 192 << 20 }, (device) =>
      Effect.gen(function* () {
        const data = new Uint8Array(new SharedArrayBuffer(64 << 20)).fill(7)
        const { bench, plan } = chain(512, 40)
        const placed = yield* place(device, bench, plan, 64 << 20)
        yield* device.grant({ id: 1_000_000, offset: 0, bytes: data.length })
        const delay = monitorEventLoopDelay({ resolution: 1 })
        const startMs = performance.now()
        delay.enable()
        yield* Effect.all([device.upload(1_000_000, data), submit(device, placed)], {
          concurrency: "unbounded",
        })
        delay.disable()
        const tookMs = performance.now() - startMs
        expect(delay.max / 1e6).toBeLessThan(Math.max(20, tookMs / 2))
      }),
    ))
})

describe("closing", () => {
  it("waits for running plans, which stop at their next operator boundary", async () => {
    const { bench, plan } = chain(512, 200)
    const taken = Deferred.makeUnsafe<Plan>()
    const fiber = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const device = yield* openCpuDevice({ lanes: 1, memoryBytes: 512 << 20 })
          const placed = yield* place(device, bench, plan)
          const running = yield* Effect.forkDetach(submit(device, placed))
          yield* Effect.yieldNow
          yield* Deferred.succeed(taken, plan)
          return running
        }),
      ),
    )
    const { completion } = await Effect.runPromise(Fiber.join(fiber))
    expect(completion.cancelled).toBe(true)
    expect(completion.opsDone).toBeLessThan(200)
    expect(completion.ops.length).toBe(completion.opsDone)
    expect(Option.isSome(await Effect.runPromise(Deferred.poll(taken)))).toBe(true)
  })
})
