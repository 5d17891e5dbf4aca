// Tasks larger than the device: they run by a smaller plan, in exactly its bytes, and give the bits that
// they give where there is room for them.
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { cpuProfile, referenceProfile } from "../../src/cost/DeviceProfile.ts"
import { planFrontier } from "../../src/cost/planFrontier.ts"
import { ginEps } from "../../src/model/ginEps.ts"
import { footprintBytes, type Plan } from "../../src/model/Plan.ts"
import { loadGnnModel } from "../../src/prep/model/loadModel.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeOptions } from "../../src/runtime/RuntimeApi.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"

const seed = 21
const graphOf = { nodes: 700, edges: 5000, width: 90, seed }
const modelOf = { width: 90, hidden: 64, layers: 4, out: 40, seed }
const graph = randomGraph(graphOf)
const shape = {
  numNodes: graphOf.nodes,
  numEdges: graphOf.edges,
  featureWidth: graphOf.width,
  featureNonZeros: null,
  hasEdgeWeight: false,
  numGraphs: null,
}

const plansOf = (
  architecture: (typeof architectures)[number],
  profile: typeof cpuProfile,
): ReadonlyArray<Plan> => {
  const source = randomModel({ ...modelOf, architecture })
  const model = loadGnnModel(source)
  const request = { config: model.config, shape, targets: null, alignBytes: 64, profile }
  return Result.getOrThrow(planFrontier({ ...request, ginEps: ginEps(model) }))
}

const run = async (
  architecture: (typeof architectures)[number],
  options: Pick<RuntimeOptions, "device" | "memoryBytes">,
) => {
  await using runtime = await Runtime.open({ ...options, lanes: 1, inProcess: true })
  const task = runtime.submit({
    graph: await runtime.loadGraph(graph),
    model: await runtime.loadModel(randomModel({ ...modelOf, architecture })),
  })
  return await task.result
}

describe.each([
  ["cpu", cpuProfile],
  ["reference", referenceProfile],
] as const)("a task beyond the memory of the %s device", (device, profile) => {
  it.each(architectures)("%s gives the same bits in the bytes of a smaller plan", async (name) => {
    const whole = await run(name, { device, memoryBytes: 64 << 20 })
    expect(whole.record.plan).toBe("whole")
    const plans = plansOf(name, profile)
    expect(plans.length).toBeGreaterThan(2)
    for (const plan of plans.slice(1)) {
      const bytes = footprintBytes(plan)
      const { output, record } = await run(name, { device, memoryBytes: bytes })
      expect(record).toMatchObject({ plan: plan.name, predictedPeakBytes: bytes })
      expect(record.measuredPeakBytes).toBe(bytes)
      expect(Buffer.from(output.data.buffer)).toEqual(Buffer.from(whole.output.data.buffer))
    }
  })

  it("is refused where even the smallest plan does not fit, with its bytes", async () => {
    const bytesNeeded = footprintBytes(plansOf("GCN", profile).at(-1)!)
    const memoryBytes = bytesNeeded - 64
    const error = await run("GCN", { device, memoryBytes }).catch((reason) => reason)
    expect(error).toMatchObject({ _tag: "TooLarge", bytesNeeded, bytesBudget: memoryBytes })
  })
})
