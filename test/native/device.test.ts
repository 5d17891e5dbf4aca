// The cpu device's promises beside the numbers: what it refuses, what it counts, that it cancels at
// operator boundaries, gives the same bits alone and co-located, and never blocks the event loop.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { monitorEventLoopDelay, performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"
import { Cause, Deferred, Effect, Exit, Fiber, Option, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import type { Device, SubmitRequest } from "../../src/device/Device.ts"
import { addonFunctions } from "../../src/device/native/Addon.ts"
import { type CpuDeviceOptions, openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import {
  activationCodes,
  kindCodes,
  planFormat,
  reduceCodes,
} from "../../src/device/native/planWords.ts"
import { PlanRefused } from "../../src/model/errors.ts"
import { type GemmOp, identityEpilogue, type Op } from "../../src/model/Op.ts"
import { footprintBytes, type Plan } from "../../src/model/Plan.ts"
import { sharedFloat32 } from "../../src/model/Tensor.ts"
import { graphCases, randomFloats } from "../cases/shapes.ts"
import { PlanBench, place, release, runOnce, submit } from "./planBench.ts"

const nativeFile = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../native/${name}`, import.meta.url)), "utf8")

const withDevice = <A>(
  options: Partial<CpuDeviceOptions>,
  use: (device: Device) => Effect.Effect<A, unknown, Scope.Scope>,
) =>
  Effect.runPromise(
    Effect.scoped(
      openCpuDevice({ lanes: 2, memoryBytes: 64 << 20, ...options }).pipe(Effect.flatMap(use)),
    ),
  )

/** The refusal an effect must end with. */
const refusalOf = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<PlanRefused> =>
  Effect.flip(effect).pipe(
    Effect.orDie,
    Effect.map((error) => {
      expect(error).toBeInstanceOf(PlanRefused)
      return error as unknown as PlanRefused
    }),
  )

/** `steps` products in a chain, size x size: long enough to be cut between. */
const chain = (size: number, steps: number) => {
  const bench = new PlanBench()
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
const network = (seed: number) => {
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

describe("the native border", () => {
  it("has the same functions in the same order in C++ and TypeScript", () => {
    const addon = createRequire(import.meta.url)("../../build/Release/gnnsched.node")
    expect(Object.keys(addon)).toEqual(addonFunctions)
    expect(addonFunctions.length).toBeLessThanOrEqual(12)
  })

  it("has the same plan words in C++ and TypeScript", () => {
    const header = nativeFile("plan_words.h")
    const native = new Map(
      [...header.matchAll(/constexpr (?:int|double) k(\w+) = ([^;]+);/g)].map(
        ([, name, value]) => [name!, Number(value)] as const,
      ),
    )
    for (const [name, value] of Object.entries(planFormat)) {
      expect(native.get(name), name).toBe(value)
    }
    kindCodes.forEach((kind, code) => {
      expect(native.get(kind[0]!.toUpperCase() + kind.slice(1)), kind).toBe(code)
    })
    expect(native.get("Kinds")).toBe(kindCodes.length)
    const enums = nativeFile("cpu/kernels.h")
    const members = (name: string) =>
      enums.match(new RegExp(`enum class ${name} : int32_t \\{ ([^}]+) \\}`))?.[1]?.split(", ")
    expect(members("Activation")).toEqual(activationCodes)
    expect(members("Reduce")).toEqual(reduceCodes)
  })

  it("says how to build the addon when it is missing", async () => {
    const options = { lanes: 1, memoryBytes: 1 << 20, addonPath: "/no/such/gnnsched.node" }
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(openCpuDevice(options))))
    expect(error._tag).toBe("DeviceUnavailable")
    expect(error.reason).toMatch(/\/no\/such\/gnnsched\.node.*npm rebuild gnnsched/)
  })

  it.each([
    [{ lanes: 0 }, /0 lanes; it takes 1 to 64/],
    [{ lanes: 65 }, /65 lanes/],
    [{ memoryBytes: 100 }, /100 bytes; the least is 4096/],
    [{ isa: "sve" as never }, /this CPU does not run sve/],
  ])("refuses to open with %o", async (options, reason) => {
    const all = { lanes: 1, memoryBytes: 1 << 20, ...options }
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(openCpuDevice(all))))
    expect(error.reason).toMatch(reason)
  })
})

describe("the pool", () => {
  it("refuses what overlaps, leaves the pool, is misaligned, unknown or in use", () =>
    withDevice({ memoryBytes: 1 << 20 }, (device) =>
      Effect.gen(function* () {
        const refuse = (offset: number, bytes: number, id = 9) =>
          refusalOf(device.grant({ id, offset, bytes })).pipe(Effect.map(({ reason }) => reason))
        yield* device.grant({ id: 1, offset: 128, bytes: 128 })
        expect(yield* refuse(0, 64, 1)).toBe("id 1 is already granted")
        for (const [offset, bytes] of [
          [64, 128],
          [128, 64],
          [192, 64],
          [0, 1024],
        ] as const) {
          expect(yield* refuse(offset, bytes)).toContain("overlaps the grant at 128")
        }
        expect(yield* refuse(1 << 20, 64)).toContain("leaves the pool of 1048576 bytes")
        expect(yield* refuse(0, 2 ** 53 - 64)).toContain("leaves the pool")
        expect(yield* refuse(-64, 64)).toContain("leaves the pool")
        expect(yield* refuse(32, 64)).toContain("not aligned to 64")
        expect(yield* refuse(0, 63)).toContain("not aligned to 64")
        expect(yield* refuse(0.5, 64)).toContain("0.5 is not an integer")
        expect((yield* refusalOf(device.revoke(7))).reason).toBe("no grant has the id 7")
        expect(yield* device.stats).toEqual({ usedBytes: 128, peakBytes: 128, grants: 1 })
        yield* device.grant({ id: 2, offset: 0, bytes: 128 })
        yield* device.revoke(1)
        yield* device.grant({ id: 1, offset: 256, bytes: 64 })
        expect(yield* device.stats).toEqual({ usedBytes: 192, peakBytes: 256, grants: 2 })
      }),
    ))

  it("refuses uploads that do not fit, are not shared or have no grant", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        yield* device.grant({ id: 1, offset: 0, bytes: 64 })
        const upload = (id: number, data: Uint8Array) => refusalOf(device.upload(id, data))
        const shared = (bytes: number) => new Uint8Array(new SharedArrayBuffer(bytes))
        expect((yield* upload(1, shared(65))).reason).toContain("65 bytes do not fit grant 1 of 64")
        expect((yield* upload(1, new Uint8Array(64))).reason).toContain("not in shared memory")
        expect((yield* upload(5, shared(1))).reason).toContain("no grant has the id 5")
        yield* device.upload(1, shared(0))
      }),
    ))

  it("holds nothing after 1,000 plans, and measures each exactly as planned", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(8, 3)
        for (let i = 0; i < 1000; i++) {
          const { completion } = yield* runOnce(device, bench, plan, i % 2)
          expect(completion.measuredPeakBytes).toBe(footprintBytes(plan))
          expect(completion.ops.map(({ name }) => name)).toEqual(["step 0", "step 1", "step 2"])
        }
        const stats = yield* device.stats
        expect(stats).toEqual({ usedBytes: 0, peakBytes: footprintBytes(plan), grants: 0 })
      }),
    ))
})

type Change = readonly [string, (op: GemmOp) => Partial<GemmOp>, string, RegExp]

describe("plans", () => {
  it("are refused when an operand leaves its memory, before anything runs", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(8, 2)
        const placed = yield* place(device, bench, plan)
        const changes: ReadonlyArray<Change> = [
          ["more rows", () => ({ m: 9 }), "ops[1].c", /needs 288 bytes behind its offset/],
          ["b moved", ({ b }) => ({ b: { ...b, offset: 4 } }), "ops[1].b", /slot 0 has 256/],
          ["b half", ({ b }) => ({ b: { ...b, offset: 2 } }), "ops[1].b", /multiple of 4/],
          ["b narrow", ({ b }) => ({ b: { ...b, ld: 7 } }), "ops[1].b", /ld 7 is less than the 8/],
          ["no slot", ({ b }) => ({ b: { ...b, slot: 2 } }), "ops[1].operand.slot", /2 is not/],
          ["slot -2", ({ b }) => ({ b: { ...b, slot: -2 } }), "ops[1].operand.slot", /not an/],
          ["c resident", ({ b }) => ({ c: b }), "ops[1].c", /resident/],
          ["c moved", ({ c }) => ({ c: { ...c, offset: c.offset + 4 } }), "ops[1].c", /the arena/],
          ["huge ld", ({ c }) => ({ c: { ...c, ld: 2 ** 31 - 1 } }), "ops[1].c", /the arena/],
          ["negative", () => ({ k: -1 }), "ops[1].k", /-1 is not an integer/],
          ["too large", () => ({ n: 2 ** 31 }), "ops[1].n", /2147483648 is not/],
          ["NaN", () => ({ m: Number.NaN }), "ops[1].m", /nan is not/],
        ]
        for (const [label, change, where, reason] of changes) {
          const bad = { ...plan.ops[1]!, ...change(plan.ops[1] as GemmOp) } as Op
          const changed = { ...placed, plan: { ...plan, ops: [plan.ops[0]!, bad] } }
          const refusal = yield* refusalOf(submit(device, changed))
          expect(refusal.place, label).toBe(where)
          expect(refusal.reason, label).toMatch(reason)
        }
        const output = { ...plan.output, offset: plan.output.offset + 64 }
        const moved = yield* refusalOf(submit(device, { ...placed, plan: { ...plan, output } }))
        expect(moved.place).toBe("output")
        yield* submit(device, placed)
        yield* release(device, placed)
      }),
    ))

  it("are refused when lane, grants or output are not what they need", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(8, 2)
        const placed = yield* place(device, bench, plan)
        const { arena, residents } = placed
        const output = sharedFloat32(64)
        const good = { lane: 0, plan, arena, residents, output, priority: 0, taskId: "t" }
        const place2 = (change: Partial<SubmitRequest>) =>
          refusalOf(device.submit({ ...good, ...change })).pipe(
            Effect.map((refusal) => `${refusal.place}: ${refusal.reason}`),
          )
        expect(yield* place2({ lane: 2 })).toBe("lane: lane 2 is not one of 2")
        expect(yield* place2({ residents: [] })).toBe("residents: 0 grants for 2 slots")
        expect(yield* place2({ residents: [arena, arena] })).toContain("is the arena")
        expect(yield* place2({ arena: { ...arena, id: 99999 } })).toContain("no grant has the id")
        expect(yield* place2({ output: sharedFloat32(63) })).toContain("63 floats to receive 8 x 8")
        expect(yield* place2({ output: new Float32Array(64) })).toContain("not in shared memory")
        yield* device.revoke(residents[1]!.id)
        yield* device.grant(residents[1]!)
        expect(yield* place2({})).toContain("slot 1 has 0")
      }),
    ))

  it("are refused when stored indices leave their matrix, and again only as long as they do", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const bench = new PlanBench()
        const y = bench.arena(2, 1)
        const [rowOffsets, colIndices] = [new Int32Array(3), new Int32Array(3)]
        bench.ops.push({
          ...{ kind: "densify", name: "densify", m: 2, k: 1, nnz: 3 },
          rowOffsets: bench.resident(rowOffsets),
          colIndices: bench.resident(colIndices),
          values: bench.resident(Float32Array.of(1, 2, 4)),
          y,
        })
        const plan = bench.plan({ operand: y, rows: 2, cols: 1 })
        const placed = yield* place(device, bench, plan)
        const fill = (slot: number, ...data: ReadonlyArray<number>) => {
          const shared = new Int32Array(new SharedArrayBuffer(12))
          shared.set(data)
          return device.upload(placed.residents[slot]!.id, new Uint8Array(shared.buffer))
        }
        const reason = refusalOf(submit(device, placed)).pipe(
          Effect.map((refusal) => `${refusal.place}: ${refusal.reason}`),
        )
        expect(yield* reason).toContain("rowOffsets: offsets run from 0 to 0, not from 0 to 3")
        yield* fill(0, 0, 2, 1)
        expect(yield* reason).toContain("ops[0].rowOffsets: offset 2 is 1")
        yield* fill(0, 0, 1, 3)
        yield* fill(1, 0, 1, 0)
        expect(yield* reason).toContain("ops[0].colIndices: index 1 is 1; it must lie in [0, 1)")
        yield* fill(1, 0, -1, 0)
        expect(yield* reason).toContain("index 1 is -1")
        yield* fill(1, 0, 0, 0)
        const { data } = yield* submit(device, placed)
        expect([...data]).toEqual([1, 6])
      }),
    ))

  it("stop at an operator boundary when interrupted, and free their grants", () =>
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

  it("time each operator, one after the other, within the run", () =>
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
