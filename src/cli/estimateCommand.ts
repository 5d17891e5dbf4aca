// `gnnsched estimate`: what a task would take, operator by operator, from file headers or from
// shapes alone. Nothing is loaded and nothing runs.
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { deviceProfiles } from "../cost/DeviceProfile.ts"
import { planFrontier } from "../cost/planFrontier.ts"
import { BadConfig, type InputError, Unsupported } from "../model/errors.ts"
import type { GraphShape } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { devicePrecisions } from "../model/precision.ts"
import { readProfileFile } from "../runtime/readProfileFile.ts"
import type { GnnschedError } from "./describeError.ts"
import { estimateJson, estimateText } from "./estimateView.ts"
import {
  deviceFlag,
  formatFlag,
  memoryFlag,
  precisionFlag,
  profileFlag,
  wholeFlag,
} from "./flags.ts"
import { graphFlags, graphForms, graphSourceOf } from "./graphFlags.ts"
import { featureWords, parseFeatures } from "./graphPath.ts"
import { print, printJson } from "./terminal.ts"
import { openPrepPool } from "./withPrep.ts"

/** Of the cpu and the reference device; a buffer never shares a cache line with another. */
/** Of the arena and of residents, as the devices say when they are opened. */
const alignBytes = { cpu: 64, cuda: 256, reference: 64 } as const

const count = (name: string, what: string) =>
  wholeFlag(name, 0, limits.maxIndex).pipe(Flag.withDescription(what), Flag.optional)

const config = {
  model: Flag.String("model").pipe(
    Flag.withMetavar("M.json"),
    Flag.withDescription("The model's JSON (weights are not needed)"),
  ),
  graph: Flag.String("graph").pipe(
    Flag.withMetavar("G"),
    Flag.withDescription(`${graphForms}; or give --nodes, --edges and --features`),
    Flag.optional,
  ),
  nodes: count("nodes", "Number of nodes, instead of --graph"),
  edges: count("edges", "Number of edges (directed entries)"),
  ...graphFlags,
  features: graphFlags.features.pipe(
    Flag.withDescription(
      `Width of a node's features; with a --graph whose file has none: ${featureWords}`,
    ),
  ),
  nnz: count("nnz", "Stored entries, when features are sparse"),
  graphs: count("graphs", "Graphs of the disjoint union, for a readout"),
  weighted: Flag.Boolean("weighted").pipe(
    Flag.withDescription("Edges carry weights"),
    Flag.withDefault(false),
  ),
  targets: count("targets", "Rows that are asked for; default: all"),
  device: deviceFlag,
  precision: precisionFlag,
  profile: profileFlag,
  memory: memoryFlag,
  format: formatFlag,
} as const

type EstimateConfig = Command.Command.Config.Infer<typeof config>

const countKeys = ["nodes", "edges", "nnz", "graphs"] as const

const badOption = (path: string, expected: string, found: string): BadConfig =>
  new BadConfig({ file: "command line", path, expected, found })

/** The shape the numbers give, when no graph was named. */
const shapeFromFlags = (flags: EstimateConfig): Effect.Effect<GraphShape, BadConfig> => {
  const missing = (["nodes", "edges", "features"] as const).find(
    (key) => flags[key]._tag === "None",
  )
  if (missing !== undefined) {
    const expected = "--graph, or all of --nodes, --edges and --features"
    return Effect.fail(badOption(`--${missing}`, expected, "nothing"))
  }
  const written = Option.getOrThrow(flags.features)
  const features = parseFeatures(written, flags.seed)
  if (features?.kind !== "random") {
    return Effect.fail(badOption("--features", "a width, where no --graph is named", written))
  }
  return Effect.succeed({
    numNodes: Option.getOrThrow(flags.nodes),
    numEdges: Option.getOrThrow(flags.edges),
    featureWidth: features.width,
    featureNonZeros: Option.getOrNull(flags.nnz),
    hasEdgeWeight: flags.weighted,
    numGraphs: Option.getOrNull(flags.graphs),
  })
}

const shapeOf = (flags: EstimateConfig) =>
  Effect.gen(function* (): Effect.fn.Return<GraphShape, GnnschedError, never> {
    if (Option.isNone(flags.graph)) return yield* shapeFromFlags(flags)
    const both = countKeys.find((key) => Option.isSome(flags[key]))
    if (both !== undefined || flags.weighted) {
      const flag = `--${both ?? "weighted"}`
      return yield* badOption(flag, "a graph or numbers, not both", `--graph and ${flag}`)
    }
    const source = yield* graphSourceOf(flags.graph.value, flags)
    return yield* Effect.scoped(Effect.flatMap(openPrepPool, (prep) => prep.graphShape(source)))
  })

/** A planner knows no files: what it refuses is the model of this command. */
const inFile = (error: InputError, file: string): InputError => {
  if (error._tag === "BadConfig") return new BadConfig({ ...error, file })
  return error._tag === "Unsupported" ? new Unsupported({ ...error, file }) : error
}

const estimate = Effect.fnUntraced(function* (flags: EstimateConfig) {
  if (/\.safetensors$/i.test(flags.model)) {
    return yield* badOption("--model", "a model's JSON, not its weights", flags.model)
  }
  const known = devicePrecisions[flags.device]
  if (!known.includes(flags.precision)) {
    const expected = `one of ${known.join(", ")} on the ${flags.device} device`
    return yield* badOption("--precision", expected, flags.precision)
  }
  const shape = yield* shapeOf(flags)
  const model = { kind: "file", configPath: flags.model, weights: null } as const
  const gnnConfig = yield* Effect.scoped(
    Effect.flatMap(openPrepPool, (prep) => prep.modelConfig(model)),
  )
  const profile = Option.isSome(flags.profile)
    ? (yield* readProfileFile(flags.profile.value)).lane
    : deviceProfiles[flags.device]
  const plans = yield* Effect.fromResult(
    planFrontier({
      config: gnnConfig,
      shape,
      targets: Option.getOrNull(flags.targets),
      alignBytes: alignBytes[flags.device],
      profile: { ...profile, precision: flags.precision },
    }),
  ).pipe(Effect.mapError((error) => inFile(error, flags.model)))
  const view = { plans, shape, budgetBytes: Option.getOrNull(flags.memory) }
  yield* flags.format === "json" ? printJson(estimateJson(view)) : print(estimateText(view))
})

export const estimateCommand = Command.make("estimate", config, estimate).pipe(
  Command.withDescription(
    "Show what a model on a graph takes: bytes, work and time of every operator, where the peak " +
      "of memory is, what stays on the device, and by which plans it takes fewer bytes and longer. " +
      "It reads file headers only, and text files through.",
  ),
  Command.withShortDescription("Predict memory and time, operator by operator"),
  Command.withExamples([
    {
      command: "gnnsched estimate --model examples/models/gcn-cora.json --graph preset:cora",
      description: "A model on a preset",
    },
    {
      command: "gnnsched estimate --model m.json --graph data/ca-GrQc.mtx --features 64",
      description: "A Matrix Market file, which holds no features",
    },
    {
      command:
        "gnnsched estimate --model examples/models/sage-artist.json --nodes 100000 --edges 2000000 --features 100",
      description: "A graph that does not exist yet",
    },
    {
      command:
        "gnnsched estimate --model m.json --graph data/cora --memory 64MiB --format json | jq .fits",
      description: "Would it fit, by any of its plans?",
    },
  ]),
)
