// A graph neural network: PyG's constructor arguments, normalised, and its weights by PyG's names.
import type { Tensor } from "./Tensor.ts"

export type Architecture = "GCN" | "GraphSAGE" | "GAT" | "GATv2" | "GIN" | "SGC" | "APPNP"

/** Layers with heads, each of its own width. */
export const isAttention = (architecture: Architecture): boolean =>
  architecture === "GAT" || architecture === "GATv2"

export type Aggregation = "sum" | "mean" | "max"
export type ActivationName =
  | "identity"
  | "relu"
  | "elu"
  | "leaky_relu"
  | "tanh"
  | "sigmoid"
  | "gelu"
  | "silu"

/** `parameter` is alpha of elu and the negative slope of leaky_relu; 0 elsewhere. */
export interface Activation {
  readonly name: ActivationName
  readonly parameter: number
}

/** The width and heads of one layer after PyG's rules have been applied. */
export interface LayerShape {
  readonly inWidth: number
  readonly outWidth: number
  /** GAT and GATv2: attention heads; 1 elsewhere. */
  readonly heads: number
  /** GAT and GATv2: features of one head (`outWidth / heads` when concatenated, `outWidth` when averaged). */
  readonly headWidth: number
  /** GAT and GATv2: heads are concatenated (true) or averaged (false). */
  readonly concat: boolean
}

/** Constructor arguments of PyG's basic GNNs with every default filled in. */
export interface GnnConfig {
  readonly architecture: Architecture
  readonly inWidth: number
  readonly outWidth: number
  readonly layers: ReadonlyArray<LayerShape>
  readonly activation: Activation
  /** The activation comes before the norm (PyG's `act_first`). */
  readonly activationFirst: boolean
  readonly batchNorm: { readonly eps: number } | null
  readonly bias: boolean
  /** GraphSAGE's aggregation; "sum" for the others. */
  readonly aggregation: Aggregation
  /** GCN, SGC and APPNP: symmetric normalisation. */
  readonly gcnNormalize: boolean
  /** All but GraphSAGE and GIN. */
  readonly addSelfLoops: boolean
  /** GCN: the weight of an added loop, 1, or 2 when `improved`. */
  readonly selfLoopFill: number
  /** GraphSAGE: L2-normalise the rows of each layer's output. */
  readonly l2Normalize: boolean
  /** GraphSAGE: a separate weight for the node itself (`lin_r`). */
  readonly rootWeight: boolean
  /** GraphSAGE: project source nodes through a linear layer and ReLU before aggregation. */
  readonly project: boolean
  /** LeakyReLU's slope of GAT and GATv2. */
  readonly negativeSlope: number
  /** GATv2: sources and targets are projected by the same weights. */
  readonly sharedWeights: boolean
  /** K of SGC (in each layer) and of APPNP (after the last); 0 for the others. */
  readonly propagations: number
  /** APPNP's alpha: the share of a node's own prediction in each step; 0 for the others. */
  readonly teleport: number
  /** GIN's eps where the weights hold none; 0 for the others. */
  readonly ginEps: number
  /** Readout per graph after the last layer, or null for one row per node. */
  readonly pooling: Aggregation | null
  /** Least number of rows of the readout: a `batch` does not show empty graphs at its end. */
  readonly batchSize: number
  /** Ours: a log-softmax over the columns of the output (after the readout). */
  readonly logSoftmax: boolean
}

export interface GnnModel {
  /** Hex digest of configuration and weights. */
  readonly contentId: string
  readonly name: string
  readonly config: GnnConfig
  readonly weights: ReadonlyMap<string, Tensor>
}

/** Where a model comes from. `weights: null` takes the .safetensors beside the JSON. */
export type ModelSource =
  | {
      readonly kind: "file"
      readonly configPath: string
      readonly weights: { readonly path: string } | { readonly seed: number } | null
    }
  | {
      readonly kind: "arrays"
      readonly name: string
      /** The JSON object, PyG's keys. */
      readonly config: Readonly<Record<string, unknown>>
      readonly weights: ReadonlyMap<string, Tensor> | { readonly seed: number }
    }
