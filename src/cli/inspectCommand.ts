// `gnnsched inspect`: what a graph or a model is, counted from its files.
import { access, stat } from "node:fs/promises"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { FileUnreadable } from "../model/errors.ts"
import { systemReason } from "../model/systemReason.ts"
import { withFile } from "../prep/byteSource.ts"
import { expectedWeights } from "../prep/model/expectedWeights.ts"
import { listSafetensors } from "../prep/safetensors.ts"
import { attemptSync } from "./attempt.ts"
import { formatFlag } from "./flags.ts"
import { graphFacts } from "./graphFacts.ts"
import { graphFlags, graphForms, graphSourceOf } from "./graphFlags.ts"
import { isGraphFile } from "./graphPath.ts"
import { graphText, modelText } from "./inspectView.ts"
import { modelFacts } from "./modelFacts.ts"
import { print, printJson } from "./terminal.ts"
import { openPrepPool } from "./withPrep.ts"
import { weightsBeside } from "./workload/readWorkload.ts"

const config = {
  what: Argument.String("graph-or-model").pipe(
    Argument.withDescription(`${graphForms}; or a model's .json or .safetensors`),
  ),
  ...graphFlags,
  format: formatFlag,
} as const

type InspectConfig = Command.Command.Config.Infer<typeof config>

const isFolder = (path: string) =>
  Effect.tryPromise({
    try: async () => (await stat(path)).isDirectory(),
    catch: (cause) => new FileUnreadable({ file: path, reason: systemReason(cause) }),
  })

const isThere = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    access(path).then(
      () => true,
      () => false,
    ),
  )

const inspectGraph = Effect.fnUntraced(function* (flags: InspectConfig) {
  const prep = yield* openPrepPool
  // Of a file the edges are asked about: features of one column are the fewest.
  const unsaid = isGraphFile(flags.what) ? "ones" : undefined
  const graph = yield* prep.loadGraph(yield* graphSourceOf(flags.what, flags, unsaid))
  const facts = graphFacts(graph)
  yield* flags.format === "json" ? printJson({ graph: facts }) : print(graphText(facts))
})

const inspectWeights = (file: string) =>
  attemptSync(() => {
    const entries = withFile(file, listSafetensors)
    const tensors = entries.map(({ name, dtype, shape }) => ({ name, dtype, shape }))
    return modelFacts({ contentId: null, config: null, tensors, note: null })
  })

/** A configuration without weights says at least which tensors it would take. */
const inspectConfig = Effect.fnUntraced(function* (file: string) {
  const prep = yield* openPrepPool
  const source = { kind: "file", configPath: file, weights: null } as const
  const weights = weightsBeside(file)
  if (yield* isThere(weights)) {
    const model = yield* prep.loadModel(source)
    const tensors = [...model.weights].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
    return modelFacts({ contentId: model.contentId, config: model.config, tensors, note: null })
  }
  const gnnConfig = yield* prep.modelConfig(source)
  const expected = yield* attemptSync(() => expectedWeights(gnnConfig))
  return modelFacts({
    contentId: null,
    config: gnnConfig,
    tensors: [...expected].map(([name, shape]) => ({ name, dtype: "f32", shape })),
    note: `${weights} is not there; these are the tensors it would hold`,
  })
})

const inspect = Effect.fnUntraced(function* (flags: InspectConfig) {
  const isNamedGraph = flags.what.startsWith("preset:") || isGraphFile(flags.what)
  if (isNamedGraph || (yield* isFolder(flags.what))) return yield* inspectGraph(flags)
  const facts = yield* /\.safetensors$/i.test(flags.what)
    ? inspectWeights(flags.what)
    : inspectConfig(flags.what)
  yield* flags.format === "json" ? printJson({ model: facts }) : print(modelText(facts))
})

export const inspectCommand = Command.make("inspect", config, (flags) =>
  Effect.scoped(inspect(flags)),
).pipe(
  Command.withDescription(
    "Show what a graph is (counts, degrees, self loops, duplicates, memory) or what a model is " +
      "(layers, tensors, parameters). All of it is read and checked.",
  ),
  Command.withShortDescription("Show what a graph or a model is"),
  Command.withExamples([
    { command: "gnnsched inspect data/cora", description: "A graph folder" },
    {
      command: "gnnsched inspect data/soc-Epinions1.txt.gz --undirected",
      description: "An edge list, with both directions of every edge",
    },
    {
      command: "gnnsched inspect preset:artist --scale 0.1",
      description: "A tenth of a preset, generated on the fly",
    },
    {
      command: "gnnsched inspect models/gcn.json --format json",
      description: "A model and its weights, for a program",
    },
  ]),
)
