// `gnnsched generate`: a preset's stand-in, written as a graph folder that numpy and PyG read too.
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { presetNames } from "../prep/presets/catalogue.ts"
import { formatFlag, scaleFlag, seedFlag } from "./flags.ts"
import { openPrepPool } from "./withPrep.ts"
import { newFolderFlag, writeNewFolder } from "./writeNewFolder.ts"

const config = {
  preset: Flag.Literals("preset", presetNames).pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("The published graph to stand in for"),
  ),
  out: newFolderFlag,
  seed: seedFlag,
  scale: scaleFlag,
  format: formatFlag,
} as const

const generate = Effect.fnUntraced(function* (flags: Command.Command.Config.Infer<typeof config>) {
  const { preset, seed, scale, out, format } = flags
  const source = { kind: "preset", preset, seed, scale } as const
  const load = Effect.flatMap(openPrepPool, (prep) => prep.loadGraph(source))
  yield* writeNewFolder(load, { out, format, made: { preset, seed, scale } })
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
