// What the reference device measures against what the planner predicted, for random networks on
// random shapes. Residents are all zero, which is a valid graph without edges: only sizes matter.
import { expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { referenceProfile } from "../../src/cost/DeviceProfile.ts"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import { planTask } from "../../src/cost/planTask.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import { footprintBytes, type Plan } from "../../src/model/Plan.ts"
import { network } from "../cost/randomNetworks.ts"

const plans: fc.Arbitrary<Plan> = network({ maxWidth: 24, maxLayers: 4 }).chain((config) =>
  fc
    .record({
      numNodes: fc.integer({ min: 1, max: 30 }),
      numEdges: fc.integer({ min: 0, max: 60 }),
      featureWidth: fc.constant(config.inWidth),
      featureNonZeros: fc.option(fc.nat({ max: 50 })),
      hasEdgeWeight: fc.boolean(),
      numGraphs: fc.integer({ min: 1, max: 5 }),
    })
    .chain((shape) =>
      fc.option(fc.integer({ min: 1, max: 40 })).map((targets) =>
        Result.getOrThrow(
          planTask({
            config,
            shape,
            targets: config.pooling === null ? targets : null,
            alignBytes: 64,
            profile: referenceProfile,
            ginEps: config.layers.map(() => 0.5),
          }),
        ),
      ),
    ),
)

/** Opens a device of exactly the plan's bytes and runs the plan on it. */
const measured = (plan: Plan) =>
  Effect.gen(function* () {
    const budgetBytes = Math.max(4096, footprintBytes(plan))
    const device = yield* openReferenceDevice({ lanes: 1, memoryBytes: budgetBytes })
    const needs = plan.residents.map(({ role, bytes }) => ({ key: role, bytes }))
    const layout = PoolLayout.empty(budgetBytes, 64)
    const placement = layout.place({ arenaBytes: plan.arenaBytes, residents: needs })!
    const arena = { id: 0, ...placement.arena }
    yield* device.grant(arena)
    const residents = placement.residents.map(({ offset, bytes }, slot) => {
      return { id: slot + 1, offset, bytes }
    })
    for (const [slot, grant] of residents.entries()) {
      yield* device.grant(grant)
      yield* device.upload(grant.id, new Uint8Array(plan.residents[slot]!.bytes))
    }
    const output = new Float32Array(plan.output.rows * plan.output.cols)
    const request = { lane: 0, plan, arena, residents, output, priority: 0, taskId: "t" }
    const { measuredPeakBytes } = yield* device.submit(request)
    return { measuredPeakBytes, output }
  }).pipe(Effect.scoped)

it("measures the predicted peak to the byte, in a pool of exactly that size", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { measuredPeakBytes, output } = await Effect.runPromise(measured(plan))
      expect(measuredPeakBytes).toBe(footprintBytes(plan))
      expect(output.every(Number.isFinite)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
