// `gnnsched generate`: a preset's stand-in, written as a graph folder that numpy and PyG read too.
import { readdir } from "node:fs/promises"
import { resolve } from "node:path"
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { FileUnwritable } from "../model/errors.ts"
import { systemReason } from "../model/systemReason.ts"
import { presetNames } from "../prep/presets/catalogue.ts"
import { writeGraphFolder } from "../prep/writeGraphFolder.ts"
import { attemptSync } from "./attempt.ts"
import { formatFlag, outFlag, scaleFlag, seedFlag } from "./flags.ts"
import { print, printJson } from "./terminal.ts"
import { formatCount } from "./units.ts"
import { openPrepPool } from "./withPrep.ts"

const config = {
  preset: Flag.Literals("preset", presetNames).pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription(`One of ${presetNames.join(", ")}`),
  ),
  out: outFlag.pipe(Flag.withDescription("The folder to write; it must be new or empty")),
  seed: seedFlag,
  scale: scaleFlag,
  format: formatFlag,
} as const

/** Files of another graph must not lie beside the new ones: readers would take both as one. */
const checkEmpty = (folder: string) =>
  Effect.tryPromise({
    try: () =>
      readdir(folder).catch((cause) => {
        if (cause.code === "ENOENT") return []
        throw cause
      }),
    catch: (cause) => new FileUnwritable({ file: folder, reason: systemReason(cause) }),
  }).pipe(
    Effect.flatMap((entries) =>
      entries.length === 0
        ? Effect.void
        : new FileUnwritable({ file: folder, reason: "the folder is not empty" }),
    ),
  )

const generate = Effect.fnUntraced(function* (flags: Command.Command.Config.Infer<typeof config>) {
  const { preset, seed, scale } = flags
  const folder = resolve(flags.out)
  yield* checkEmpty(folder)
  const prep = yield* openPrepPool
  const graph = yield* prep.loadGraph({ kind: "preset", preset, seed, scale })
  yield* attemptSync(() => writeGraphFolder(graph, folder))
  const { shape, contentId } = graph
  if (flags.format === "json") {
    return yield* printJson({ folder, preset, seed, scale, contentId, ...shape })
  }
  yield* print(
    `${folder}: ${formatCount(shape.numNodes)} nodes, ${formatCount(shape.numEdges)} edges, ` +
      `${formatCount(shape.featureWidth)} features` +
      (shape.numGraphs === null ? "" : `, ${formatCount(shape.numGraphs)} graphs`),
  )
})

export const generateCommand = Command.make("generate", config, (flags) =>
  Effect.scoped(generate(flags)),
).pipe(
  Command.withDescription(
    "Write a seeded stand-in of a published graph: its counts, its feature width, its structure.",
  ),
  Command.withShortDescription("Write a preset graph as a folder"),
  Command.withExamples([
    {
      command: "gnnsched generate --preset cora --out data/cora-like",
      description: "A citation graph of Cora's size",
    },
    {
      command: "gnnsched generate --preset reddit --scale 0.05 --seed 7 --out data/small-reddit",
      description: "A twentieth of Reddit, dense and social",
    },
  ]),
)
