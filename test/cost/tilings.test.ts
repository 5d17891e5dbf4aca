// Plans of parts: whatever the network and however it is cut, the layout is exact, and the numbers are
// those of the whole plan, each of them, in float64.
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cpuProfile, cudaProfile } from "../../src/cost/DeviceProfile.ts"
import { planFrontier } from "../../src/cost/planFrontier.ts"
import { assemble, lower, type PlanRequest } from "../../src/cost/planTask.ts"
import { type Tiling, tilePlan } from "../../src/cost/tilePlan.ts"
import { runPlanReference } from "../../src/device/reference/runOp.ts"
import { ginEps } from "../../src/model/ginEps.ts"
import { limits } from "../../src/model/limits.ts"
import { footprintBytes, type Plan } from "../../src/model/Plan.ts"
import { isWritten } from "../../src/model/Resident.ts"
import { loadGnnModel } from "../../src/prep/model/loadModel.ts"
import { graphOf, graphOptions } from "../runtime/randomGraphs.ts"
import { testRandom } from "../support/random.ts"
import { planHolds, requests } from "./planChecks.ts"
import { type ArraysGraph, residentBytes, shapeOf } from "./plannedRun.ts"
import { networkJson } from "./randomNetworks.ts"

const tilings: fc.Arbitrary<Tiling> = fc.record({
  name: fc.constant("cut"),
  streamed: fc.boolean(),
  hidden: fc.constantFrom("apart", "inPlace", "spilled"),
  columns: fc.integer({ min: 1, max: 90 }),
})

const cut = (request: PlanRequest, tiling: Tiling): Plan =>
  assemble(tiling.name, tilePlan(request, lower(request), tiling))

const withKernels = (request: PlanRequest, kernels: "cpu" | "cuda"): PlanRequest => ({
  ...request,
  profile: kernels === "cuda" ? cudaProfile : cpuProfile,
})

describe("a plan of parts", () => {
  it("holds what every plan holds, however it is cut", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(requests(5), tilings, (request, tiling) => {
        planHolds(request, cut(request, tiling))
      }),
      { numRuns: 800 },
    )
  })

  it("reads the objects that the whole plan reads", { timeout: 120_000 }, () => {
    const rolesOf = ({ residents }: Plan) =>
      residents.flatMap((slot) => (isWritten(slot) ? [] : [slot.role])).sort()
    let plans = 0
    fc.assert(
      fc.property(requests(4), fc.constantFrom("cpu", "cuda"), (request, kernels) => {
        const made = Result.getOrThrow(planFrontier(withKernels(request, kernels)))
        plans += made.length - 1
        for (const plan of made) expect(rolesOf(plan), plan.name).toEqual(rolesOf(made[0]))
      }),
      { numRuns: 300 },
    )
    expect(plans).toBeGreaterThan(100)
  })

  it("gives every number of the whole plan", { timeout: 120_000 }, () => {
    const cases = fc.record({
      json: networkJson({ maxWidth: 70, maxLayers: 4 }),
      options: graphOptions,
      tiling: tilings,
      targets: fc.option(fc.array(fc.nat(), { maxLength: 5 })),
    })
    let parts = 0
    fc.assert(
      fc.property(cases, ({ json, options, tiling, targets: picks }) => {
        const weights = { seed: options.seed }
        const model = loadGnnModel({ kind: "arrays", name: "random", config: json, weights })
        const graph = graphOf(options, model.config.inWidth) as ArraysGraph
        const pooled = model.config.pooling !== null
        const targets = pooled || picks === null ? null : picks.map((n) => n % graph.numNodes)
        const request: PlanRequest = {
          config: model.config,
          shape: shapeOf(graph),
          targets: targets === null ? null : targets.length,
          alignBytes: 64,
          profile: cpuProfile,
          ginEps: ginEps(model),
        }
        const outputOf = (plan: Plan) =>
          runPlanReference({
            plan,
            arena: new Float64Array(plan.arenaBytes / 4),
            residents: residentBytes(plan, { graph, model, targets }),
          }).output
        const whole = assemble("whole", lower(request))
        const inParts = cut(request, tiling)
        parts += inParts.ops.length - whole.ops.length
        expect(outputOf(inParts)).toEqual(outputOf(whole))
      }),
      { numRuns: 400 },
    )
    expect(parts).toBeGreaterThan(2000)
  })
})

describe("the plans of a task", () => {
  it("begin with the whole one, take fewer and fewer bytes and ever more time", () => {
    const large = requests(8).filter(({ shape }) => shape.numNodes > 1000)
    const found = new Map<string, number>()
    fc.assert(
      fc.property(large, fc.constantFrom("cpu" as const, "cuda" as const), (plain, kernels) => {
        const request = withKernels(plain, kernels)
        const plans = Result.getOrThrow(planFrontier(request))
        expect(plans[0]).toEqual(assemble("whole", lower(request)))
        expect(plans.length).toBeLessThanOrEqual(limits.maxPlansPerTask)
        plans.slice(1).forEach((plan, i) => {
          const [mode] = plan.name.split("/")
          found.set(mode!, (found.get(mode!) ?? 0) + 1)
          expect(footprintBytes(plan)).toBeLessThan(footprintBytes(plans[i]!))
          if (i > 0) expect(plan.predictedMs).toBeGreaterThan(plans[i]!.predictedMs)
          expect(plan.ops.length).toBeLessThanOrEqual(limits.maxPlanOps)
        })
      }),
      { numRuns: 300 },
    )
    expect([...found.keys()].toSorted()).toEqual(["spilled", "streamed", "streamed tiles", "tiles"])
  })
})

const seed = 11

it("a network of 8 layers of 256 runs in a fifteenth of its memory", () => {
  const random = testRandom(seed)
  const nodes = 400_000 + random.int(1000)
  const weights = { seed }
  const config = {
    architecture: "GCN",
    in_channels: 96,
    hidden_channels: 256,
    num_layers: 8,
    out_channels: 16,
  }
  const model = loadGnnModel({ kind: "arrays", name: "deep", config, weights })
  const shape = {
    numNodes: nodes,
    numEdges: 8 * nodes,
    featureWidth: 96,
    featureNonZeros: null,
    hasEdgeWeight: false,
    numGraphs: null,
  }
  const request = { config: model.config, shape, targets: null, alignBytes: 64 }
  const plans = Result.getOrThrow(planFrontier({ ...request, profile: cpuProfile }))
  const smallest = footprintBytes(plans.at(-1)!) / footprintBytes(plans[0]!)
  expect(smallest).toBeLessThan(1 / 14)
})
