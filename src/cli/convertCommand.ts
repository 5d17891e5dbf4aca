// `gnnsched convert`: any graph written as a folder of .npy files, which is read faster and whose
// features can then be others.
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { formatFlag } from "./flags.ts"
import { graphFlags, graphForms, graphSourceOf } from "./graphFlags.ts"
import { openPrepPool } from "./withPrep.ts"
import { newFolderFlag, writeNewFolder } from "./writeNewFolder.ts"

const config = {
  graph: Argument.String("graph").pipe(Argument.withDescription(graphForms)),
  out: newFolderFlag,
  ...graphFlags,
  format: formatFlag,
} as const

const convert = Effect.fnUntraced(function* (flags: Command.Command.Config.Infer<typeof config>) {
  const source = yield* graphSourceOf(flags.graph, flags)
  const load = Effect.flatMap(openPrepPool, (prep) => prep.loadGraph(source))
  yield* writeNewFolder(load, { out: flags.out, format: flags.format, made: { from: flags.graph } })
})

export const convertCommand = Command.make("convert", config, (flags) =>
  Effect.scoped(convert(flags)),
).pipe(
  Command.withDescription(
    "Write a Matrix Market file, an edge list or a TU data set as a graph folder, which numpy and " +
      "PyG read too: edge_index.npy, x.npy or x.npz, edge_weight.npy, batch.npy. Put your own x.npy " +
      "there where a graph has features of its own.",
  ),
  Command.withShortDescription("Write a graph of another format as a folder"),
  Command.withExamples([
    {
      command: "gnnsched convert data/ca-GrQc.mtx --features 64 --out data/ca-GrQc",
      description: "A collaboration network with random features",
    },
    {
      command: "gnnsched convert data/PROTEINS --features labels --out data/proteins",
      description: "A TU data set without its node attributes, as TUDataset has it by default",
    },
  ]),
)
