// Generates a preset: exactly the counts of presetShape, the structure of the catalogue, the same
// graph for the same (preset, seed, scale).
import type { Graph, GraphShape } from "../../model/Graph.ts"
import { sharedInt32 } from "../../model/Tensor.ts"
import { buildCsr, transposeCsr } from "../csr.ts"
import { makeGraph } from "../graphContent.ts"
import { permutation, Random } from "../random.ts"
import type { Preset } from "./catalogue.ts"
import { ownedPairs, type Pairs } from "./ownedPairs.ts"
import { presetFeatures } from "./presetFeatures.ts"
import { findPreset, type PresetSource, presetShape } from "./presetShape.ts"
import { spreadCounts } from "./spreadCounts.ts"

/** How the edges of a preset come from pairs; an odd undirected count ends with a self loop. */
interface EdgeCounts {
  readonly pairs: number
  /** Pairs that give both directions. */
  readonly mutual: number
  readonly loops: number
}

/** pairs + mutual + loops is the number of edges, and pairs fit a simple graph on the nodes. */
const edgeCounts = (preset: Preset, shape: GraphShape): EdgeCounts => {
  const { numNodes, numEdges } = shape
  const most = (numNodes * (numNodes - 1)) / 2
  const asked = Math.floor((numEdges * preset.reciprocity) / 2)
  const mutual = Math.max(asked, numEdges - most)
  const isUndirected = preset.reciprocity === 1
  const loops = isUndirected ? numEdges % 2 : 0
  return { pairs: numEdges - mutual - loops, mutual, loops }
}

/** int32 [numGraphs + 1]: sizes from 0.4 of the mean on, with an exponential tail. */
const disjointOffsets = (shape: GraphShape, random: Random): Int32Array | null => {
  const { numNodes, numGraphs } = shape
  if (numGraphs === null) return null
  const ends = new Float64Array(numGraphs)
  let sum = 0
  for (let graph = 0; graph < numGraphs; graph++) {
    sum += 0.4 - 0.6 * Math.log(1 - random.uniform())
    ends[graph] = sum
  }
  // Everybody has one node; the rest is shared out.
  const offsets = sharedInt32(numGraphs + 1)
  for (let graph = 0; graph < numGraphs; graph++) {
    const share = Math.floor((numNodes - numGraphs) * (ends[graph]! / sum))
    offsets[graph + 1] = graph + 1 + share
  }
  return offsets
}

/** The first node that each node may be joined to: its graph's first. */
const lowestNeighbours = (numNodes: number, graphOffsets: Int32Array | null): Int32Array => {
  const lows = new Int32Array(numNodes)
  if (graphOffsets === null) return lows
  for (let graph = 0; graph + 1 < graphOffsets.length; graph++) {
    lows.fill(graphOffsets[graph]!, graphOffsets[graph], graphOffsets[graph + 1])
  }
  return lows
}

const makePairs = (
  preset: Preset,
  total: number,
  lows: Int32Array,
  random: (use: string) => Random,
): Pairs => {
  const caps = lows.map((low, node) => node - low)
  const counts = spreadCounts({ total, caps }, random("counts"))
  return ownedPairs(preset.structure, counts, lows, random("pairs"))
}

interface EdgeList {
  readonly counts: EdgeCounts
  readonly pairs: Pairs
  /** The final number of each node. */
  readonly label: Int32Array | null
  /** Single edges point either way by chance; else from the newer to the older node. */
  readonly coin: Random | null
}

/** [2, E] flat as targets then sources: a CSR of it has a row per source. */
const reversedEdges = (list: EdgeList): Int32Array => {
  const { pairs, mutual, loops } = list.counts
  const numEdges = pairs + mutual + loops
  const edges = new Int32Array(numEdges * 2)
  const { owners, others } = list.pairs
  let edge = 0
  for (let i = 0; i < pairs; i++) {
    const owner = list.label === null ? owners[i]! : list.label[owners[i]!]!
    const other = list.label === null ? others[i]! : list.label[others[i]!]!
    // Mutual pairs are spread evenly over all of them.
    const isMutual =
      mutual === pairs || Math.floor(((i + 1) * mutual) / pairs) > Math.floor((i * mutual) / pairs)
    const flips = !isMutual && list.coin !== null && list.coin.uniform() < 0.5
    edges[edge] = flips ? owner : other
    edges[numEdges + edge++] = flips ? other : owner
    if (!isMutual) continue
    edges[edge] = owner
    edges[numEdges + edge++] = other
  }
  if (loops === 1) edges[edge] = edges[numEdges + edge] = list.label?.[0] ?? 0
  return edges
}

/**
 * Undirected presets hold both directions of every edge (one self loop where the published count is
 * odd); no edge comes twice. Columns of each row ascend, as in the published files.
 */
export const generatePreset = (source: PresetSource): Graph => {
  const preset = findPreset(source)
  const shape = presetShape(source)
  const { numNodes, featureWidth } = shape
  const random = (use: string) => new Random(source.seed, `${source.preset}/${source.scale}/${use}`)
  const graphOffsets = disjointOffsets(shape, random("sizes"))
  const lows = lowestNeighbours(numNodes, graphOffsets)
  const counts = edgeCounts(preset, shape)
  const pairs = makePairs(preset, counts.pairs, lows, random)
  const keepsOrder = preset.structure.kind === "local" || preset.structure.kind === "disjoint"
  const edges = reversedEdges({
    counts,
    pairs,
    label: keepsOrder ? null : permutation(numNodes, random("labels")),
    coin: preset.structure.kind === "local" ? random("directions") : null,
  })
  const csr = transposeCsr(buildCsr(numNodes, edges, null))
  const features = presetFeatures(preset.features, shape, random("features"))
  return makeGraph({ numNodes, featureWidth, features, graphOffsets, ...csr })
}
