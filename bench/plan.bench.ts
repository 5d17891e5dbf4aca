// Plan and estimate time from shapes alone, the plan cache left out.
import { Result } from "effect"
import { Bench } from "tinybench"
import { cpuProfile } from "../src/cost/DeviceProfile.ts"
import { planTask } from "../src/cost/planTask.ts"
import type { GraphShape } from "../src/model/Graph.ts"
import { parseGnnConfig } from "../src/prep/model/parseConfig.ts"
import { architectures } from "../test/support/sources.ts"
import { runBench, type Suite } from "./suite.ts"

const shape: GraphShape = {
  numNodes: 403_394,
  numEdges: 3_387_388,
  featureWidth: 96,
  featureNonZeros: null,
  hasEdgeWeight: false,
  numGraphs: null,
}

/** Networks that are as deep as they are told; SGC and APPNP have one product or two. */
const layered = architectures.filter((name) => name !== "SGC" && name !== "APPNP")

export const planSuite: Suite = ({ smoke }) => {
  const bench = new Bench({ iterations: smoke ? 20 : 5000, time: 0, warmupTime: 0 })
  for (const architecture of layered) {
    for (const layers of [2, 10]) {
      const config = parseGnnConfig(
        {
          architecture,
          in_channels: 96,
          hidden_channels: 64,
          out_channels: 16,
          num_layers: layers,
          ...(architecture.startsWith("GAT") ? { heads: 8 } : {}),
        },
        "bench",
      )
      bench.add(`plan ${architecture}, ${layers} layers`, () => {
        const plan = planTask({ config, shape, targets: null, alignBytes: 64, profile: cpuProfile })
        if (Result.isFailure(plan)) throw plan.failure
      })
    }
  }
  return runBench("plan", bench)
}
