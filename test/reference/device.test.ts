// The reference device as a Device: its own account of the pool, plans on lanes, interruption at op
// boundaries, and what it says after it was closed.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import type { Device } from "../../src/device/Device.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { network } from "../native/samplePlans.ts"
import { expectSameInSegments } from "../native/segments.ts"
import {
  arenaGrant,
  expectedOutput,
  requestOf,
  residentBytes,
  residentGrants,
  smallPlan,
  withOp,
} from "./fixture.ts"

const open = openReferenceDevice({ lanes: 2, memoryBytes: 8192 })

/** A device with the arena and all residents of the small plan in place. */
const prepared = Effect.gen(function* () {
  const device = yield* open
  yield* device.grant(arenaGrant)
  for (const [slot, grant] of residentGrants.entries()) {
    yield* device.grant(grant)
    yield* device.upload(grant.id, residentBytes[slot]!)
  }
  return device
})

const refusal = <A>(
  effect: Effect.Effect<A, { readonly _tag: string; readonly reason?: string }>,
) => Effect.map(Effect.flip(effect), (error) => `${error._tag}: ${error.reason}`)

describe("a plan that goes on after it was stopped", () => {
  it.effect("gives the same bits and bytes whichever operator it stops before", () =>
    Effect.gen(function* () {
      const device = yield* openReferenceDevice({ lanes: 2, memoryBytes: 64 << 20 })
      yield* expectSameInSegments(device, network(5))
    }),
  )

  it.effect("is refused where the arena was given away since", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const whole = requestOf(smallPlan)
      yield* device.submit(whole)
      yield* device.revoke(arenaGrant.id)
      yield* device.grant(arenaGrant)
      const again = refusal(device.submit({ ...whole, firstOp: 1 }))
      expect(yield* again).toMatch(/PlanRefused: 1 of \d+ operators, 0 have run in this arena/)
    }),
  )
})

/** The plan's first op, many times over: enough boundaries to be stopped at. */
const longPlan: Plan = { ...smallPlan, ops: Array(200).fill(smallPlan.ops[0]) }

describe("grants", () => {
  it.effect("are refused when they overlap, leave the pool, or take an id twice", () =>
    Effect.gen(function* () {
      const device = yield* open
      yield* device.grant({ id: 1, offset: 64, bytes: 128 })
      const grant = (id: number, offset: number, bytes: number) =>
        refusal(device.grant({ id, offset, bytes }))
      expect(yield* grant(2, 128, 128)).toBe("PlanRefused: overlaps grant 1")
      expect(yield* grant(2, 0, 8256)).toMatch(/0…8256 of a pool of 8192/)
      expect(yield* grant(2, 8192, 64)).toMatch(/8192…8256/)
      expect(yield* grant(1, 4096, 64)).toMatch(/id is taken/)
      expect(yield* grant(2, 32, 64)).toMatch(/32 is not a multiple of 64/)
      expect(yield* grant(2, -64, 64)).toMatch(/-64/)
      expect(yield* device.stats).toEqual({ usedBytes: 128, peakBytes: 128, grants: 1 })
    }),
  )

  it.effect("may touch, may be empty, and leave a peak behind when they go", () =>
    Effect.gen(function* () {
      const device = yield* open
      yield* device.grant({ id: 1, offset: 64, bytes: 64 })
      yield* device.grant({ id: 2, offset: 0, bytes: 64 })
      yield* device.grant({ id: 3, offset: 64, bytes: 0 })
      yield* device.grant({ id: 4, offset: 128, bytes: 64 })
      for (const id of [2, 1, 4, 3]) yield* device.revoke(id)
      expect(yield* refusal(device.revoke(1))).toMatch(/unknown/)
      expect(yield* device.stats).toEqual({ usedBytes: 0, peakBytes: 192, grants: 0 })
    }),
  )

  it.effect("take no upload larger than they are, nor one of an unknown id", () =>
    Effect.gen(function* () {
      const device = yield* open
      yield* device.grant({ id: 1, offset: 0, bytes: 64 })
      expect(yield* refusal(device.upload(1, new Uint8Array(65)))).toMatch(/65 bytes into 64/)
      expect(yield* refusal(device.upload(2, new Uint8Array(1)))).toMatch(/unknown/)
    }),
  )
})

describe("a submitted plan", () => {
  it.effect("fills the output, reports every op, and measures exactly what was predicted", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const request = requestOf(smallPlan)
      const completion = yield* device.submit(request)
      expect([...request.output]).toEqual(expectedOutput)
      expect(completion.ops.map(({ name }) => name)).toEqual(["aggregate", "transform"])
      expect(completion).toMatchObject({ lane: 0, opsDone: 2, cancelled: false })
      expect(completion.measuredPeakBytes).toBe(smallPlan.arenaBytes + smallPlan.residentBytes)
    }),
  )

  it.effect("measures less than predicted when the plan reserves what it does not use", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const wasteful = { ...smallPlan, arenaBytes: 256 }
      yield* device.revoke(arenaGrant.id)
      const arena = { ...arenaGrant, bytes: 256 }
      yield* device.grant(arena)
      const completion = yield* device.submit(requestOf(wasteful, { arena }))
      expect(completion.measuredPeakBytes).toBe(128 + 256)
    }),
  )

  it.effect("keeps the uploaded copy when the caller's bytes change", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const bytes = residentBytes[2]!.slice()
      yield* device.upload(residentGrants[2]!.id, bytes)
      bytes.fill(255)
      const request = requestOf(smallPlan)
      yield* device.submit(request)
      expect([...request.output]).toEqual(expectedOutput)
    }),
  )

  it.effect("is refused for a wrong lane, grant, output or operand", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const submit = (plan: Plan, change = {}) => refusal(device.submit(requestOf(plan, change)))
      expect(yield* submit(smallPlan, { lane: 2 })).toMatch(/2 of 2/)
      expect(yield* submit(smallPlan, { residents: [] })).toMatch(/0 grants for 4/)
      expect(yield* submit(smallPlan, { arena: { ...arenaGrant, id: 99 } })).toMatch(/unknown/)
      expect(yield* submit(smallPlan, { arena: { ...arenaGrant, offset: 0 } })).toMatch(/at 1024/)
      expect(yield* submit({ ...smallPlan, arenaBytes: 192 })).toMatch(
        /192 bytes of a grant of 128/,
      )
      expect(yield* submit(smallPlan, { output: new Float32Array(3) })).toMatch(
        /3 floats for 2 x 2/,
      )
      const outside = withOp(1, { c: { slot: -1, offset: 120, ld: 2 } })
      expect(yield* submit(outside)).toMatch(/PlanRefused: ends at byte 136 of 128/)
      expect((yield* device.stats).grants).toBe(5)
      yield* device.revoke(arenaGrant.id)
    }),
  )

  it.effect("is refused when a resident was granted but never uploaded", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const id = residentGrants[1]!.id
      yield* device.revoke(id)
      yield* device.grant(residentGrants[1]!)
      expect(yield* refusal(device.submit(requestOf(smallPlan)))).toMatch(/0 bytes uploaded of 12/)
    }),
  )
})

describe("running plans", () => {
  /** Starts the long plan and lets it get some ops in. */
  const started = (device: Device) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(device.submit(requestOf(longPlan)))
      for (let turn = 0; turn < 5; turn++) yield* Effect.yieldNow
      return fiber
    })

  it.effect("protect their grants until they have settled", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const fiber = yield* started(device)
      expect(yield* refusal(device.revoke(arenaGrant.id))).toMatch(/in use by 1/)
      expect(yield* refusal(device.revoke(residentGrants[0]!.id))).toMatch(/in use/)
      const bytes = residentBytes[0]!
      expect(yield* refusal(device.upload(residentGrants[0]!.id, bytes))).toMatch(/in use/)
      const same = device.submit(requestOf(smallPlan, { lane: 1 }))
      expect(yield* refusal(same)).toMatch(/another plan runs in it/)
      yield* Fiber.join(fiber)
      yield* device.revoke(arenaGrant.id)
    }),
  )

  it.effect("share residents on different lanes and keep the order of one lane", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const arena2 = { id: 2, offset: 2048, bytes: 128 }
      const arena3 = { id: 3, offset: 4096, bytes: 128 }
      yield* device.grant(arena2)
      yield* device.grant(arena3)
      const ended: Array<string> = []
      const run = (name: string, plan: Plan, change: object) =>
        Effect.andThen(
          device.submit(requestOf(plan, change)),
          Effect.sync(() => ended.push(name)),
        )
      yield* Effect.all(
        [
          run("long on lane 0", longPlan, {}),
          run("short behind it", smallPlan, { arena: arena2 }),
          run("short on lane 1", smallPlan, { arena: arena3, lane: 1 }),
        ],
        { concurrency: "unbounded" },
      )
      expect(ended).toEqual(["short on lane 1", "long on lane 0", "short behind it"])
    }),
  )

  it.effect("stop at an op boundary when interrupted and free their grants", () =>
    Effect.gen(function* () {
      const device = yield* prepared
      const fiber = yield* started(device)
      yield* Fiber.interrupt(fiber)
      expect(Exit.hasInterrupts(yield* Fiber.await(fiber))).toBe(true)
      yield* device.revoke(arenaGrant.id)
      yield* device.grant(arenaGrant)
      const request = requestOf(smallPlan)
      yield* device.submit(request)
      expect([...request.output]).toEqual(expectedOutput)
    }),
  )

  it.effect("stop when the device closes, and closing waits for them", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const device = yield* Scope.provide(prepared, scope)
      const fiber = yield* started(device)
      yield* Scope.close(scope, Exit.void)
      const completion = yield* Fiber.join(fiber)
      expect(completion.cancelled).toBe(true)
      expect(completion.opsDone).toBeLessThan(longPlan.ops.length)
      expect(yield* refusal(device.grant(arenaGrant))).toBe("DeviceUnavailable: closed")
      expect(yield* refusal(device.submit(requestOf(smallPlan)))).toMatch(/closed/)
    }),
  )
})

it.effect("opening fails with numbers for a pool or lanes that cannot be", () =>
  Effect.gen(function* () {
    const attempt = (lanes: number | null, memoryBytes: number | null) =>
      refusal(Effect.scoped(openReferenceDevice({ lanes, memoryBytes })))
    expect(yield* attempt(1, 10)).toMatch(/10 bytes, at least 4096/)
    expect(yield* attempt(1, Number.NaN)).toMatch(/NaN bytes/)
    expect(yield* attempt(0, null)).toMatch(/0 lanes/)
    expect(yield* attempt(65, null)).toMatch(/65 lanes of 1…64/)
  }),
)
