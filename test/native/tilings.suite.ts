// Plans of parts on a device: random networks, cut at random, give the bits of the whole plan in exactly
// the bytes that were predicted. The arena is poisoned before each run.
import { Effect, type Scope } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import type { DeviceProfile } from "../../src/cost/DeviceProfile.ts"
import { assemble, lower, type PlanRequest } from "../../src/cost/planTask.ts"
import { type Tiling, tilePlan } from "../../src/cost/tilePlan.ts"
import type { Device, Grant } from "../../src/device/Device.ts"
import { ginEps } from "../../src/model/ginEps.ts"
import { alignUp, footprintBytes, type Plan } from "../../src/model/Plan.ts"
import { isWritten } from "../../src/model/Resident.ts"
import { sharedFloat32 } from "../../src/model/Tensor.ts"
import { loadGnnModel } from "../../src/prep/model/loadModel.ts"
import { type ArraysGraph, residentBytes, shapeOf } from "../cost/plannedRun.ts"
import { networkJson } from "../cost/randomNetworks.ts"
import { graphOf, graphOptions, relativeError } from "../runtime/randomGraphs.ts"
import { freshId } from "./planBench.ts"

const tilings: fc.Arbitrary<Tiling> = fc.record({
  name: fc.constant("cut"),
  streamed: fc.boolean(),
  hidden: fc.constantFrom("apart", "inPlace", "spilled"),
  columns: fc.constantFrom(1, 16, 32, 48),
})

const shared = (bytes: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}

/** Host arrays of a plan: inputs, memory of its own, and the result's. */
const hostArrays = (plan: Plan, inputs: ReadonlyArray<Uint8Array>, output: Float32Array) =>
  plan.residents.flatMap((slot, i) => {
    if (slot.host !== true) return []
    if (slot.role === "task.output") return [new Uint8Array(output.buffer)]
    return [
      isWritten(slot) ? new Uint8Array(new SharedArrayBuffer(slot.bytes)) : shared(inputs[i]!),
    ]
  })

/** Places, runs and releases; the grants lie one behind the other, so that a stray byte meets data. */
const runOn = (device: Device, plan: Plan, inputs: ReadonlyArray<Uint8Array>) =>
  Effect.gen(function* () {
    let offset = 0
    const granted: Array<Grant> = []
    const take = (bytes: number) =>
      Effect.gen(function* () {
        const grant = { id: freshId(), offset, bytes: alignUp(bytes, plan.alignBytes) }
        offset += grant.bytes
        granted.push(grant)
        yield* device.grant(grant)
        return grant
      })
    const residents: Array<Grant> = []
    for (const [i, slot] of plan.residents.entries()) {
      if (slot.host === true) continue
      const grant = yield* take(slot.bytes)
      yield* device.upload(grant.id, shared(inputs[i]!))
      residents.push(grant)
    }
    const arena = yield* take(plan.arenaBytes)
    const output = sharedFloat32(plan.output.rows * plan.output.cols).fill(Number.NaN)
    const host = hostArrays(plan, inputs, output)
    const base = { lane: 0, plan, arena, residents, host, output }
    const completion = yield* device.submit({ ...base, priority: 0, taskId: "parts" })
    for (const { id } of granted) yield* device.revoke(id)
    expect(completion.measuredPeakBytes).toBe(footprintBytes(plan))
    return output
  })

export interface TilingsSuite {
  readonly open: Effect.Effect<Device, unknown, Scope.Scope>
  readonly profile: DeviceProfile
  readonly runs: number
  /** Largest relative difference; 0 for the same bits. */
  readonly tolerance: number
}

const cases = fc.record({
  json: networkJson({ maxWidth: 70, maxLayers: 4 }),
  options: graphOptions,
  tiling: tilings,
  targets: fc.option(fc.array(fc.nat(), { maxLength: 5 })),
})

export const tilingsSuite = ({ open, profile, runs, tolerance }: TilingsSuite): void => {
  it("give the whole plan's numbers in exactly the predicted bytes", async () => {
    const program = Effect.gen(function* () {
      const device = yield* open
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      let parts = 0
      const property = fc.asyncProperty(
        cases,
        async ({ json, options, tiling, targets: picks }) => {
          const weights = { seed: options.seed }
          const model = loadGnnModel({ kind: "arrays", name: "random", config: json, weights })
          const graph = graphOf(options, model.config.inWidth) as ArraysGraph
          const pooled = model.config.pooling !== null
          const targets = pooled || picks === null ? null : picks.map((n) => n % graph.numNodes)
          const { alignBytes } = device.info
          const shape = shapeOf(graph)
          const { config } = model
          const count = targets?.length ?? null
          const eps = { ginEps: ginEps(model) }
          const request: PlanRequest = {
            config,
            shape,
            targets: count,
            alignBytes,
            profile,
            ...eps,
          }
          const outputOf = (plan: Plan) =>
            run(runOn(device, plan, residentBytes(plan, { graph, model, targets })))
          const whole = assemble("whole", lower(request))
          const bare = lower({ ...request, profile: { ...profile, kernels: "cpu" } })
          const cut = assemble("cut", tilePlan(request, bare, tiling))
          parts += cut.ops.length - whole.ops.length
          const [got, want] = [await outputOf(cut), await outputOf(whole)]
          if (tolerance === 0) expect(Buffer.from(got.buffer)).toEqual(Buffer.from(want.buffer))
          else expect(relativeError(got, want)).toBeLessThan(tolerance)
        },
      )
      yield* Effect.promise(() => fc.assert(property, { numRuns: runs }))
      expect(parts).toBeGreaterThan(2 * runs)
    })
    await Effect.runPromise(Effect.scoped(program))
  })
}
