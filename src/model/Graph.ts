// A graph as tasks see it: CSR over incoming edges (row = target, column = source), node features,
// and where they apply edge weights and the graph each node belongs to.

/** What a planner may know before anything is loaded: it comes from file headers alone. */
export interface GraphShape {
  readonly numNodes: number
  readonly numEdges: number
  readonly featureWidth: number
  /** Stored entries of a CSR feature matrix; null when features are dense. */
  readonly featureNonZeros: number | null
  readonly hasEdgeWeight: boolean
  /** Graphs in the disjoint union; null when the graph has no `batch`. */
  readonly numGraphs: number | null
}

/** Dense features, row-major [numNodes, featureWidth]. */
export interface DenseFeatures {
  readonly kind: "dense"
  readonly values: Float32Array
}

/** Sparse features, CSR [numNodes, featureWidth]. */
export interface SparseFeatures {
  readonly kind: "csr"
  readonly rowOffsets: Int32Array
  readonly colIndices: Int32Array
  readonly values: Float32Array
}

/**
 * A loaded graph; every array lies in shared memory. Duplicate edges and self loops stand as they
 * stood in the input. Within a row, edges keep the order of the input (stable by target).
 */
export interface Graph {
  /** Hex digest of the content: equal graphs have equal ids, wherever they were read from. */
  readonly contentId: string
  readonly shape: GraphShape
  /** int32 [numNodes + 1] */
  readonly rowOffsets: Int32Array
  /** int32 [numEdges], the source of each edge */
  readonly colIndices: Int32Array
  /** float32 [numEdges] in CSR order, or null */
  readonly edgeWeight: Float32Array | null
  readonly features: DenseFeatures | SparseFeatures
  /** int32 [numGraphs + 1]: nodes of graph g are graphOffsets[g] … graphOffsets[g+1]-1; or null */
  readonly graphOffsets: Int32Array | null
  /** Of a graph that was made for one run: what is derived from it is not kept. */
  readonly origin?: GraphOrigin
}

/** `part`: row i is `nodes[i]` of `graph`, which says what a node's degree is. */
export type GraphOrigin =
  | { readonly kind: "part"; readonly graph: Graph; readonly nodes: Int32Array }
  | { readonly kind: "union" }

/** What a node's features are, where the graph's file has none or others are wanted. */
export type FeatureRule =
  /** `width` numbers a node, uniform in [-1, 1), from the seed. */
  | { readonly kind: "random"; readonly width: number; readonly seed: number }
  /** One column of ones, as PyG's `Constant`. */
  | { readonly kind: "ones" }
  /** A column for each node, sparse. */
  | { readonly kind: "identity" }
  /** The number of edges from the node as one of 0 … most, sparse: PyG's `OneHotDegree(most)`. */
  | { readonly kind: "degree"; readonly most: number }
  /** A TU folder's node labels without its attributes, as PyG's `TUDataset` gives by default. */
  | { readonly kind: "labels" }

/** Where a graph comes from. */
export type GraphSource =
  | {
      /** Nothing but its shape: it can be planned and simulated, not run. */
      readonly kind: "shape"
      readonly name: string
      readonly shape: GraphShape
    }
  | {
      /** Of .npy files, or of a TU data set; only of the latter may features be others. */
      readonly kind: "folder"
      readonly path: string
      readonly features?: FeatureRule
    }
  | {
      /** A square .mtx file, gzip or not: row = source, column = target, values = edge weights. */
      readonly kind: "matrixMarket"
      readonly path: string
      readonly features: FeatureRule
      /** Both directions of every edge, each pair once, as PyG's `to_undirected`. */
      readonly undirected?: boolean
    }
  | {
      /** A line an edge, gzip or not: source, target, perhaps a weight. */
      readonly kind: "edgeList"
      readonly path: string
      readonly features: FeatureRule
      readonly undirected?: boolean
      /** Numbers the ids that occur from 0 on, in ascending order; else the largest counts. */
      readonly compact?: boolean
    }
  | {
      readonly kind: "preset"
      readonly preset: string
      readonly seed: number
      /** Scales nodes and edges, for smaller stand-ins of the same structure; 1 is as published. */
      readonly scale: number
    }
  | {
      /** From memory: `edgeIndex` is [2, E] flat (sources, then targets), as PyG's edge_index. */
      readonly kind: "arrays"
      readonly numNodes: number
      readonly edgeIndex: Int32Array | BigInt64Array
      readonly features: DenseFeatures | SparseFeatures
      readonly featureWidth: number
      readonly edgeWeight: Float32Array | null
      /** int [numNodes], ascending; null for one graph */
      readonly batch: Int32Array | BigInt64Array | null
      /** Counts trailing empty graphs too; null takes max(batch) + 1 */
      readonly numGraphs: number | null
    }
