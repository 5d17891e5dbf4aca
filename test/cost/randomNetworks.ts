// Random networks and graph shapes for the planner's properties: every architecture, option and
// kind of features; widths and sizes from nothing to large.
import * as fc from "fast-check"
import type { GnnConfig } from "../../src/model/GnnModel.ts"
import type { GraphShape } from "../../src/model/Graph.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"

export interface NetworkLimits {
  readonly maxWidth: number
  readonly maxLayers: number
}

const width = (max: number) => fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max }))

const convOptions = fc.oneof(
  fc.record({
    architecture: fc.constant("GCN"),
    normalize: fc.boolean(),
    add_self_loops: fc.constantFrom(null, false),
    improved: fc.boolean(),
  }),
  fc.record({
    architecture: fc.constant("GraphSAGE"),
    aggr: fc.constantFrom("mean", "max", "sum"),
    normalize: fc.boolean(),
    root_weight: fc.boolean(),
    project: fc.boolean(),
  }),
  fc.record({
    architecture: fc.constant("GAT"),
    heads: fc.integer({ min: 1, max: 4 }),
    concat: fc.boolean(),
    add_self_loops: fc.boolean(),
  }),
  fc.record({
    architecture: fc.constant("GATv2"),
    heads: fc.integer({ min: 1, max: 4 }),
    concat: fc.boolean(),
    add_self_loops: fc.boolean(),
    share_weights: fc.boolean(),
  }),
  fc.record({
    architecture: fc.constant("SGC"),
    K: fc.integer({ min: 1, max: 4 }),
    add_self_loops: fc.boolean(),
  }),
  fc.record({
    architecture: fc.constant("APPNP"),
    K: fc.integer({ min: 1, max: 5 }),
    alpha: fc.constantFrom(0, 0.1, 0.5, 1),
    normalize: fc.boolean(),
    add_self_loops: fc.boolean(),
  }),
  fc.record({ architecture: fc.constant("GIN"), eps: fc.constantFrom(0, 0.25, -1) }),
)

/** JSON objects that PyG's constructors would take. */
export const networkJson = ({ maxWidth, maxLayers }: NetworkLimits) =>
  fc
    .record({
      conv: convOptions,
      common: fc.record({
        in_channels: width(maxWidth),
        hidden_channels: width(maxWidth),
        num_layers: fc.integer({ min: 1, max: maxLayers }),
        out_channels: fc.option(width(maxWidth)),
        act: fc.constantFrom("relu", "elu", "tanh", "leaky_relu", "gelu", "silu", "sigmoid"),
        act_first: fc.boolean(),
        norm: fc.constantFrom(null, "batch_norm"),
        bias: fc.boolean(),
        pooling: fc.constantFrom(null, null, "mean", "max", "add"),
        log_softmax: fc.boolean(),
      }),
    })
    .map(({ conv, common }): Readonly<Record<string, unknown>> => {
      // Concatenated heads must divide the width, and GIN's MLP always has biases.
      const heads = "heads" in conv ? conv.heads : 1
      const bias = conv.architecture === "GIN" || common.bias
      // APPNP's MLP has no norm.
      const norm = conv.architecture === "APPNP" ? null : common.norm
      return { ...common, ...conv, norm, hidden_channels: common.hidden_channels * heads, bias }
    })

export const network = (limits: NetworkLimits): fc.Arbitrary<GnnConfig> =>
  networkJson(limits).map((json) => parseGnnConfig(json, "random.json"))

/** The shape of a graph whose features fit the network. */
export const shapeFor = (config: GnnConfig): fc.Arbitrary<GraphShape> =>
  fc.record({
    numNodes: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3_000_000 })),
    numEdges: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 90_000_000 })),
    featureWidth: fc.constant(config.inWidth),
    featureNonZeros: fc.option(fc.integer({ min: 0, max: 5_000_000 })),
    hasEdgeWeight: fc.boolean(),
    numGraphs: fc.option(fc.integer({ min: 0, max: 2000 })),
  })
