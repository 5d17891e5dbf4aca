// A graph as the command line names it: a path or `preset:NAME`, and the flags that go with them.
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { BadConfig } from "../model/errors.ts"
import type { GraphSource } from "../model/Graph.ts"
import { scaleFlag, seedFlag } from "./flags.ts"
import { featureWords, type GraphWords, parseFeatures, pathForms, pathSource } from "./graphPath.ts"

export const graphForms = `${pathForms}, or preset:NAME`

export const graphFlags = {
  features: Flag.String("features").pipe(
    Flag.withMetavar("F"),
    Flag.filter(
      (text) => parseFeatures(text, 0) !== null,
      () => featureWords,
    ),
    Flag.withDescription(`Features of a graph whose file has none: ${featureWords}`),
    Flag.optional,
  ),
  undirected: Flag.Boolean("undirected").pipe(
    Flag.withDescription("Of a file: both directions of every edge, each pair once"),
    Flag.withDefault(false),
  ),
  compact: Flag.Boolean("compact").pipe(
    Flag.withDescription("Of an edge list: number the ids that occur from 0 on"),
    Flag.withDefault(false),
  ),
  seed: seedFlag,
  scale: scaleFlag,
} as const

export interface GraphFlags {
  readonly features: Option.Option<string>
  readonly undirected: boolean
  readonly compact: boolean
  readonly seed: number
  readonly scale: number
}

const badFlag = (flag: string, expected: string, found: string): BadConfig =>
  new BadConfig({ file: "command line", path: `--${flag}`, expected, found })

const presetSource = (preset: string, flags: GraphFlags): Effect.Effect<GraphSource, BadConfig> => {
  const { features, undirected, compact, seed, scale } = flags
  const given = { features: Option.isSome(features), undirected, compact }
  const flag = (["features", "undirected", "compact"] as const).find((key) => given[key])
  return flag === undefined
    ? Effect.succeed({ kind: "preset", preset, seed, scale })
    : Effect.fail(badFlag(flag, "the path of a graph beside it", `preset:${preset}`))
}

/** `unsaid` are features where the graph has none and no flag says which. */
export const graphSourceOf = (
  text: string,
  flags: GraphFlags,
  unsaid?: string,
): Effect.Effect<GraphSource, BadConfig> => {
  if (text.startsWith("preset:")) return presetSource(text.slice("preset:".length), flags)
  const { seed, undirected, compact } = flags
  const features = Option.getOrElse(flags.features, () => unsaid)
  const words: GraphWords = { features, seed, undirected, compact }
  return Effect.fromResult(pathSource(text, words)).pipe(
    Effect.mapError(({ key, expected }) =>
      badFlag(key, expected, words[key] === undefined ? "nothing" : text),
    ),
  )
}
