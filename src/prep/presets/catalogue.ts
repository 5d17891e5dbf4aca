// The named presets: published counts and the structure each stand-in imitates. Numbers are those
// of the data sets' own papers (CoGNN's list, OGB, GraphSAGE's Reddit).

/** Who is joined to whom. Nodes come one after another and choose among earlier ones. */
export type Structure =
  /** Newer papers cite older ones, the well-known more often; node order says nothing. */
  | { readonly kind: "citation" }
  /** Preferential attachment: hubs of thousands. */
  | { readonly kind: "powerLaw" }
  /** Co-purchase: most neighbours lie close by in node order, a few anywhere. */
  | { readonly kind: "local" }
  /** Communities, many edges a node, hubs. */
  | { readonly kind: "social"; readonly communities: number }
  /** A disjoint union of connected graphs, nodes of one graph consecutive. */
  | { readonly kind: "disjoint"; readonly graphs: number }

/** What `x` holds. */
export type FeatureKind =
  /** Sparse bags of words; `binary` ones, else tf-idf-like weights. */
  | { readonly kind: "bagOfWords"; readonly nonZeros: number; readonly binary: boolean }
  /** Dense embeddings, uniform in [-1, 1). */
  | { readonly kind: "dense" }
  /** A node label as a dense one-hot row, as PyG's TUDataset gives it. */
  | { readonly kind: "oneHot" }

export interface Preset {
  readonly nodes: number
  /** Directed entries of edge_index: an undirected edge counts twice. */
  readonly edges: number
  readonly width: number
  readonly structure: Structure
  readonly features: FeatureKind
  /** Share of the edges whose reverse is there too: 1 undirected, 0 directed. */
  readonly reciprocity: number
}

const words = (nonZeros: number, binary: boolean): FeatureKind => ({
  kind: "bagOfWords",
  nonZeros,
  binary,
})
const dense: FeatureKind = { kind: "dense" }
const oneHot: FeatureKind = { kind: "oneHot" }

const preset = (
  counts: readonly [nodes: number, edges: number, width: number],
  structure: Structure,
  features: FeatureKind,
  reciprocity = 1,
): Preset => ({
  nodes: counts[0],
  edges: counts[1],
  width: counts[2],
  structure,
  features,
  reciprocity,
})

const citation: Structure = { kind: "citation" }
const powerLaw: Structure = { kind: "powerLaw" }
const local: Structure = { kind: "local" }
const disjoint = (graphs: number): Structure => ({ kind: "disjoint", graphs })

export const presets: Readonly<Record<string, Preset>> = {
  citeseer: preset([3_327, 9_464, 3_703], citation, words(105_165, true)),
  cora: preset([2_708, 10_858, 1_433], citation, words(49_216, true)),
  pubmed: preset([19_717, 88_676, 500], citation, words(988_031, false)),
  "ogbn-arxiv": preset([169_343, 1_166_243, 128], citation, dense, 0),
  artist: preset([50_515, 1_638_396, 100], powerLaw, dense),
  "soc-BlogCatalog": preset([88_784, 2_093_195, 128], powerLaw, dense),
  amazon0601: preset([403_394, 3_387_388, 96], local, dense, 0.56),
  "ogbn-products": preset([2_449_029, 61_859_140, 100], local, dense),
  PROTEINS_full: preset([43_471, 162_088, 29], disjoint(1_113), dense),
  DD: preset([334_925, 1_686_092, 89], disjoint(1_178), oneHot),
  "TWITTER-Real-Graph-Partial": preset([580_768, 1_435_116, 1_323], disjoint(144_033), oneHot),
  Yeast: preset([1_714_644, 3_636_546, 74], disjoint(79_601), oneHot),
  "OVCAR-8H": preset([1_890_931, 3_946_402, 66], disjoint(40_516), oneHot),
  reddit: preset([232_965, 114_615_892, 602], { kind: "social", communities: 41 }, dense),
}

export const presetNames: ReadonlyArray<string> = Object.keys(presets)
