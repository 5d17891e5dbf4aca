// What `calibrate` runs: pieces of the presets, one of each structure and several sizes on either
// side of the caches, times networks of every architecture, width and depth. Seeded; the held-out
// cases share no graph with those that are fitted.
import type { ModelSource } from "../../model/GnnModel.ts"
import type { GraphSource } from "../../model/Graph.ts"

export interface CalibrationGraph {
  readonly preset: string
  readonly scale: number
}

export interface CalibrationCase {
  readonly name: string
  readonly graph: Extract<GraphSource, { readonly kind: "preset" }>
  readonly model: (featureWidth: number) => ModelSource
  /** Its smaller plans are measured, too. */
  readonly parts: boolean
}

const architectures = ["GCN", "GraphSAGE", "GAT", "GIN", "GATv2", "SGC", "APPNP"] as const
type Architecture = (typeof architectures)[number]
/** Measured at two sizes on each graph; the others share most of their operators. */
const basic: ReadonlySet<Architecture> = new Set(["GCN", "GraphSAGE", "GAT", "GIN"])

const fitted: ReadonlyArray<CalibrationGraph> = [
  { preset: "cora", scale: 1 },
  { preset: "pubmed", scale: 0.25 },
  { preset: "pubmed", scale: 1 },
  { preset: "ogbn-arxiv", scale: 0.1 },
  { preset: "ogbn-arxiv", scale: 0.5 },
  { preset: "artist", scale: 0.05 },
  { preset: "artist", scale: 0.5 },
  { preset: "amazon0601", scale: 0.02 },
  { preset: "amazon0601", scale: 0.25 },
  { preset: "PROTEINS_full", scale: 0.3 },
  { preset: "DD", scale: 0.2 },
]

const heldOut: ReadonlyArray<CalibrationGraph> = [
  { preset: "citeseer", scale: 1 },
  { preset: "pubmed", scale: 0.6 },
  { preset: "ogbn-arxiv", scale: 0.25 },
  { preset: "artist", scale: 0.2 },
  { preset: "soc-BlogCatalog", scale: 0.3 },
  { preset: "amazon0601", scale: 0.1 },
  { preset: "PROTEINS_full", scale: 1 },
  { preset: "Yeast", scale: 0.05 },
]

interface Network {
  readonly hidden: number
  readonly layers: number
  readonly heads: number
}

/** Widths on and off the vector width; each graph takes those of its turn. */
const networks: ReadonlyArray<Network> = [
  { hidden: 64, layers: 2, heads: 8 },
  { hidden: 32, layers: 4, heads: 1 },
  { hidden: 128, layers: 3, heads: 4 },
  { hidden: 16, layers: 6, heads: 2 },
  { hidden: 100, layers: 2, heads: 4 },
]

const depths = [2, 4, 6, 8, 10]

/** What an architecture asks for beside widths and depth. */
const ownKeys = (architecture: Architecture, heads: number): Readonly<Record<string, number>> => {
  switch (architecture) {
    case "GAT":
    case "GATv2":
      return { heads }
    case "SGC":
      return { K: 2 }
    case "APPNP":
      return { K: 4, alpha: 0.1 }
    default:
      return {}
  }
}

const caseOf = (
  { preset, scale }: CalibrationGraph,
  architecture: Architecture,
  { hidden, layers, heads }: Network,
  parts = false,
): CalibrationCase => ({
  parts,
  name: `${architecture} ${layers}x${hidden} on ${preset}@${scale}`,
  graph: { kind: "preset", preset, seed: 1, scale },
  model: (featureWidth) => ({
    kind: "arrays",
    name: `${architecture}-${layers}-${hidden}`,
    config: {
      architecture,
      in_channels: featureWidth,
      hidden_channels: hidden,
      out_channels: 7,
      num_layers: layers,
      ...ownKeys(architecture, heads),
    },
    weights: { seed: 1 },
  }),
})

/** One of them in parts, for the copies that parts are joined by. */
export const fitCases: ReadonlyArray<CalibrationCase> = fitted.flatMap((graph, g) =>
  architectures.flatMap((architecture, a) =>
    (basic.has(architecture) ? [0, 2] : [0]).map((turn) =>
      caseOf(graph, architecture, networks[(g + a + turn) % networks.length]!, a === g % 4),
    ),
  ),
)

/** Every architecture x eight graphs x depths 2 to 10; hidden widths that were not fitted, too. */
export const heldOutCases = (
  depthsOf: ReadonlyArray<number> = depths,
): ReadonlyArray<CalibrationCase> =>
  heldOut.flatMap((graph, g) =>
    architectures.flatMap((architecture, a) =>
      depthsOf.map((layers, d) =>
        caseOf(graph, architecture, {
          hidden: [64, 48, 16, 32][(g + a + d) % 4]!,
          layers,
          heads: [1, 4, 8, 2][(g + d) % 4]!,
        }),
      ),
    ),
  )

/** Networks in parts, on graphs and at widths that were not fitted. */
export const heldOutParts: ReadonlyArray<CalibrationCase> = heldOut.flatMap((graph, g) =>
  g % 2 === 0
    ? [caseOf(graph, architectures[g % 4]!, { hidden: 64, layers: 3, heads: 4 }, true)]
    : [],
)

/** Its run takes a fraction of a millisecond, within the caches near a core. */
export const probeCase: CalibrationCase = caseOf({ preset: "cora", scale: 1 }, "GCN", networks[0]!)
