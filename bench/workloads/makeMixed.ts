// A workload of networks and graphs of several sizes from a seed: submitted within half a second or so, so
// that a queue builds up and the order matters.
import type { Workload, WorkloadTask } from "../../src/cli/workload/Workload.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import { testRandom } from "../../test/support/random.ts"

const graphs: ReadonlyArray<readonly [preset: string, scale: number, width: number]> = [
  ["cora", 1, 1433],
  ["pubmed", 1, 500],
  ["artist", 0.2, 100],
  ["amazon0601", 0.1, 96],
  ["PROTEINS_full", 1, 29],
  ["ogbn-arxiv", 0.1, 128],
]
const architectures = ["GCN", "GraphSAGE", "GAT", "GIN"] as const
/** Mean time between two arrivals. */
const everyMs = 4

export const makeMixed = (seed: number, count: number): Workload => {
  const random = testRandom(seed)
  const models = new Map<string, ModelSource>()
  const sources = new Map<string, GraphSource>()
  const tasks: Array<WorkloadTask> = []
  let atMs = 0
  for (let i = 0; i < count; i++) {
    const [preset, scale, width] = graphs[random.int(graphs.length)]!
    const architecture = architectures[random.int(architectures.length)]!
    const layers = 2 + random.int(5)
    const model = `${architecture}-${layers}-${width}`
    sources.set(preset, { kind: "preset", preset, seed: 3, scale })
    models.set(model, {
      kind: "arrays",
      name: model,
      config: {
        architecture,
        in_channels: width,
        hidden_channels: 64,
        out_channels: 8,
        num_layers: layers,
        ...(architecture === "GAT" ? { heads: 4 } : {}),
      },
      weights: { seed: 1 },
    })
    atMs += -everyMs * Math.log(1 - random.next())
    tasks.push({
      id: `t${i}`,
      tenant: "all",
      graph: preset,
      model,
      nodes: null,
      deadlineMs: null,
      priority: 0,
      share: false,
      atMs,
      entry: i,
      place: `tasks[${i}]`,
    })
  }
  return { file: "made", graphs: sources, models, tenants: [], tasks }
}
