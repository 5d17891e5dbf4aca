// Seeded graphs and models as in-memory sources, for tests that go through the runtime.
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import { testRandom } from "./random.ts"

export interface RandomGraphOptions {
  readonly nodes: number
  readonly edges: number
  readonly width: number
  readonly seed: number
  readonly weighted?: boolean
  /** Half of the edges lead to node 0. */
  readonly hub?: boolean
}

/** Random edges: duplicates and self loops occur. */
export const randomGraph = (options: RandomGraphOptions): GraphSource => {
  const random = testRandom(options.seed)
  const { nodes, edges, width } = options
  const edgeIndex = Int32Array.from({ length: 2 * edges }, () => random.int(nodes))
  if (options.hub === true) edgeIndex.fill(0, edges, edges + (edges >> 1))
  return {
    kind: "arrays",
    numNodes: nodes,
    edgeIndex,
    features: {
      kind: "dense",
      values: Float32Array.from({ length: nodes * width }, random.normal),
    },
    featureWidth: width,
    edgeWeight:
      options.weighted === true
        ? Float32Array.from({ length: edges }, () => 0.1 + random.next())
        : null,
    batch: null,
    numGraphs: null,
  }
}

export const architectures = ["GCN", "GraphSAGE", "GAT", "GATv2", "GIN", "SGC", "APPNP"] as const

export interface RandomModelOptions {
  readonly architecture: (typeof architectures)[number]
  readonly width: number
  readonly hidden?: number
  readonly out?: number
  readonly layers?: number
  readonly seed: number
}

export const randomModel = (options: RandomModelOptions): ModelSource => ({
  kind: "arrays",
  name: `${options.architecture}-${options.seed}`,
  config: {
    architecture: options.architecture,
    in_channels: options.width,
    hidden_channels: options.hidden ?? 16,
    out_channels: options.out ?? 5,
    num_layers: options.layers ?? 2,
    ...(options.architecture.startsWith("GAT") ? { heads: 2 } : {}),
    ...(options.architecture === "APPNP" ? { K: 4, alpha: 0.1 } : {}),
  },
  weights: { seed: options.seed },
})
