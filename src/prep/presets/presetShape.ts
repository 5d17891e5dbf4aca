// The shape of a preset at a scale, by formula: nothing is generated. The generator makes exactly
// these counts.
import { BadConfig } from "../../model/errors.ts"
import type { GraphShape, GraphSource } from "../../model/Graph.ts"
import { type Preset, presetNames, presets } from "./catalogue.ts"

export type PresetSource = Extract<GraphSource, { readonly kind: "preset" }>

const refuse = (path: string, expected: string, found: unknown): BadConfig =>
  new BadConfig({ file: "(preset)", path, expected, found: `${found}` })

export const findPreset = (source: PresetSource): Preset => {
  const found = Object.hasOwn(presets, source.preset) ? presets[source.preset] : undefined
  if (found === undefined) throw refuse("preset", presetNames.join(", "), source.preset)
  if (!Number.isSafeInteger(source.seed)) throw refuse("seed", "a whole number", source.seed)
  if (!(source.scale > 0 && source.scale <= 1)) {
    throw refuse("scale", "above 0, at most 1", source.scale)
  }
  return found
}

/**
 * Nodes, edges and stored features in proportion to `scale`, at least one node; never more edges
 * than a simple graph on that many nodes can hold (a small piece of a dense graph would need more).
 */
export const presetShape = (source: PresetSource): GraphShape => {
  const preset = findPreset(source)
  const { structure, features } = preset
  const numNodes = Math.max(1, Math.round(preset.nodes * source.scale))
  const wanted = Math.round(preset.edges * source.scale)
  return {
    numNodes,
    numEdges: Math.min(wanted, numNodes * (numNodes - 1)),
    featureWidth: preset.width,
    featureNonZeros:
      features.kind === "bagOfWords"
        ? Math.round((features.nonZeros * numNodes) / preset.nodes)
        : null,
    hasEdgeWeight: false,
    // Rounded down: graphs are then no smaller on average than the published ones.
    numGraphs:
      structure.kind === "disjoint"
        ? Math.max(1, Math.floor((numNodes * structure.graphs) / preset.nodes))
        : null,
  }
}
