// What the device refuses before it does anything, with the numbers: grants, uploads, plans.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { SubmitRequest } from "../../src/device/Device.ts"
import type { PlanRefused } from "../../src/model/errors.ts"
import { type AggGemmOp, type GemmOp, identityEpilogue, type Op } from "../../src/model/Op.ts"
import { footprintBytes } from "../../src/model/Plan.ts"
import type { ResidentSlot } from "../../src/model/Resident.ts"
import { sharedFloat32 } from "../../src/model/Tensor.ts"
import { PlanBench, place, release, runOnce, submit } from "./planBench.ts"
import { chain, refusalOf, withDevice } from "./samplePlans.ts"

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
        expect(yield* device.stats).toMatchObject({ usedBytes: 128, peakBytes: 128, grants: 1 })
        yield* device.grant({ id: 2, offset: 0, bytes: 128 })
        yield* device.revoke(1)
        yield* device.grant({ id: 1, offset: 256, bytes: 64 })
        expect(yield* device.stats).toMatchObject({ usedBytes: 192, peakBytes: 256, grants: 2 })
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
        expect(stats).toMatchObject({ usedBytes: 0, peakBytes: footprintBytes(plan), grants: 0 })
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
          ["tf32", () => ({ products: "tf32" }), "ops[1].precision", /computes in float32/],
          [
            "c fp16",
            ({ c }) => ({ c: { ...c, storage: "fp16" } }),
            "ops[1].precision",
            /in float32/,
          ],
          [
            "a bf16",
            ({ a }) => ({ a: { ...a, storage: "bf16" } }),
            "ops[1].precision",
            /products 0/,
          ],
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

  it("are refused when they touch host memory otherwise than by a copy they may make", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const { bench, plan } = chain(8, 1)
        const { arena, residents } = yield* place(device, bench, plan)
        const [, ...onDevice] = residents
        const [b, ...others] = plan.residents
        const host = [new Uint8Array(new SharedArrayBuffer(256))]
        const output = sharedFloat32(64)
        const onHost: ResidentSlot = { ...b!, host: true }
        const own: ResidentSlot = { ...onHost, role: "task.spill" }
        const [arenaAt, slotAt] = [-1, 0].map((slot) => ({ slot, offset: 0, ld: 8 }))
        const copy = { kind: "copy", name: "copy", m: 8, n: 8, x: arenaAt!, y: slotAt! } as const
        const store: Op = { ...copy, link: "store" }
        const load: Op = { ...copy, link: "load", x: slotAt!, y: arenaAt! }
        const why = (slot: ResidentSlot, op: Op, change: Partial<SubmitRequest> = {}) => {
          const hosted = { ...plan, residents: [slot, ...others], ops: [op] }
          const request = { lane: 0, plan: hosted, arena, residents: onDevice, host, output }
          const submitted = device.submit({ ...request, priority: 0, taskId: "t", ...change })
          return Effect.match(submitted, {
            onFailure: (error) => {
              const { place, reason } = error as PlanRefused
              return `${place}: ${reason}`
            },
            onSuccess: () => "taken",
          })
        }
        const product = plan.ops[0]!
        expect(yield* why(onHost, product)).toBe(
          "ops[0].b: slot 0 is host memory; only copies reach it",
        )
        expect(yield* why(onHost, store)).toBe("ops[0].y: slot 0 of host memory is read-only")
        expect(yield* why(own, { ...store, y: { ...slotAt!, offset: 4 } })).toContain(
          "slot 0 has 256",
        )
        expect(yield* why(onHost, load, { host: [] })).toBe("host[0]: 0 arrays are too few")
        expect(yield* why(onHost, load, { host: [new Uint8Array(256)] })).toBe(
          "host[0]: the array is not in shared memory",
        )
        const kept = { ...plan, residents: [onHost, ...others], ops: [load] }
        const intoInput = { ...kept, output: { ...plan.output, slot: 0 } }
        expect(yield* why(onHost, load, { plan: intoInput })).toBe(
          "output: slot 0 is not host memory that the plan may write",
        )
        expect([yield* why(own, store), yield* why(onHost, load)]).toEqual(["taken", "taken"])
      }),
    ))

  it("are refused when they hold an operator that is a GPU's, or one that its kernel does not take", () =>
    withDevice({}, (device) =>
      Effect.gen(function* () {
        const bench = new PlanBench()
        const y = bench.arena(2, 3)
        const fused: AggGemmOp = {
          ...{ kind: "aggGemm", name: "fused", m: 2, k: 4, n: 3, nnz: 1, reduce: "sum" },
          rowOffsets: bench.resident(Int32Array.of(0, 1, 1)),
          colIndices: bench.resident(Int32Array.of(1)),
          ...{
            values: null,
            colScale: null,
            skipSelf: false,
            selfCoefficient: 0,
            selfWeight: null,
          },
          x: bench.resident(new Float32Array(8), 4),
          b: bench.resident(new Float32Array(12), 3),
          y,
          epilogue: identityEpilogue,
        }
        bench.ops.push(fused)
        const plan = bench.plan({ operand: y, rows: 2, cols: 3 })
        const placed = yield* place(device, bench, plan)
        const refusal = (op: AggGemmOp) =>
          refusalOf(submit(device, { ...placed, plan: { ...plan, ops: [op] } })).pipe(
            Effect.map(({ place: at, reason }) => `${at}: ${reason}`),
          )
        expect(yield* refusal(fused)).toBe(
          "ops[0].kind: aggGemm: the plan was made for another device",
        )
        expect(yield* refusal({ ...fused, k: 129 })).toBe("ops[0].k: 129 columns are more than 128")
        const max = { ...fused, reduce: "max" as "sum" }
        expect(yield* refusal(max)).toBe("ops[0].reduce: a fused layer takes sums and means")
        yield* release(device, placed)
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
})
