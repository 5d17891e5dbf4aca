import * as Result from "effect/Result"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type PlanRequest, planTask } from "../../src/cost/planTask.ts"
import type { GnnConfig } from "../../src/model/GnnModel.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { planHolds, requests } from "./planChecks.ts"

const everythingHolds = (request: PlanRequest): void =>
  planHolds(request, Result.getOrThrow(planTask(request)))

describe("planTask", () => {
  it("lays 10,000 random networks out in exactly their liveness peak", { timeout: 120_000 }, () => {
    fc.assert(fc.property(requests(6), everythingHolds), { numRuns: 10_000 })
  })

  it("does so for networks of up to 128 layers", { timeout: 60_000 }, () => {
    fc.assert(fc.property(requests(128), everythingHolds), { numRuns: 100 })
  })

  it("answers the same plan to the same request", () => {
    fc.assert(
      fc.property(requests(5), (request) => {
        expect(planTask(request)).toEqual(planTask(request))
      }),
      { numRuns: 200 },
    )
  })

  it("gives GIN's eps no influence on the layout", () => {
    const gin = requests(4).filter(({ config }) => config.architecture === "GIN")
    const layoutOf = ({ buffers, arenaBytes, costs }: Plan) => ({ buffers, arenaBytes, costs })
    fc.assert(
      fc.property(gin, fc.double({ min: -0.9, max: 2, noNaN: true }), (request, eps) => {
        // An eps of -1 takes the self term, and with it its cost, away.
        const config: GnnConfig = { ...request.config, ginEps: 0.5 }
        const plain = Result.getOrThrow(planTask({ ...request, config }))
        const ginEps = config.layers.map(() => eps)
        const other = Result.getOrThrow(planTask({ ...request, config, ginEps }))
        expect(layoutOf(other)).toEqual(layoutOf(plain))
        const selves = other.ops.flatMap((op) =>
          op.kind === "spmm" && op.selfCoefficient !== 0 ? [op.selfCoefficient] : [],
        )
        expect(selves).toEqual(ginEps.map((e) => 1 + e))
      }),
      { numRuns: 200 },
    )
  })
})
