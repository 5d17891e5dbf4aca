// The command line as a whole: the root command, and a run of it that always answers an exit status.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { CliConfig, Command, GlobalFlag } from "effect/cli"
import { calibrateCommand } from "./calibrateCommand.ts"
import { presenterLayer } from "./commandLineErrors.ts"
import { convertCommand } from "./convertCommand.ts"
import { doctorCommand } from "./doctorCommand.ts"
import { estimateCommand } from "./estimateCommand.ts"
import { type ExitCode, exitCodes } from "./exitCodes.ts"
import { explainCommand } from "./explainCommand.ts"
import { generateCommand } from "./generateCommand.ts"
import { inspectCommand } from "./inspectCommand.ts"
import { reportFailure, wantsJson } from "./printError.ts"
import { replayCommand } from "./replayCommand.ts"
import { runCommand } from "./runCommand.ts"
import { simulateCommand } from "./simulateCommand.ts"
import { version } from "./version.ts"

const gnnsched = Command.make("gnnsched").pipe(
  Command.withDescription(
    "Run many graph-neural-network inference tasks on one device: exact memory, co-located tasks, " +
      "quality of service.\n  " +
      "Exit status: 0 done; 1 a task did not complete or a self-check failed; 2 the input or the " +
      "command line was wrong; 70 a defect of gnnsched; 130 or 143 interrupted.",
  ),
  Command.withSubcommands([
    runCommand,
    simulateCommand,
    replayCommand,
    explainCommand,
    estimateCommand,
    generateCommand,
    convertCommand,
    inspectCommand,
    calibrateCommand,
    doctorCommand,
  ]),
  Command.withExamples([
    {
      command: "gnnsched run examples/demo.yaml --memory 80MiB --out out/demo",
      description: "Run a workload and write its report",
    },
    {
      command: "gnnsched estimate --model examples/models/gcn-cora.json --graph preset:cora",
      description: "Memory and time before anything runs",
    },
    {
      command: "source <(gnnsched --completions bash)",
      description: "Complete commands and flags in this shell",
    },
  ]),
)

const builtIns = [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions]

/** Runs the command line `args` and answers the exit status; it never fails. */
export const runApp = (args: ReadonlyArray<string>): Effect.Effect<ExitCode> => {
  const json = wantsJson(args)
  const services = Layer.mergeAll(
    NodeServices.layer,
    CliConfig.layer({ builtIns }),
    presenterLayer(json),
  )
  return Command.runWith(gnnsched, { version })(args).pipe(
    Effect.as<ExitCode>(exitCodes.ok),
    Effect.provide(services),
    Effect.catchCause((cause) => reportFailure(cause, json)),
  )
}
