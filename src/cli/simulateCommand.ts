// `gnnsched simulate`: the same workload, policies and report as `run`, in virtual time on a device
// that is a model of one. `--sweep` runs it once for each combination and compares.
import { Effect } from "effect"
import { Command } from "effect/cli"
import { showReport } from "./showReport.ts"
import { type SimulationFlags, simulateOn } from "./simulate/simulateOn.ts"
import { simulationFlags } from "./simulate/simulationFlags.ts"
import { readWorkload } from "./workload/readWorkload.ts"
import { workloadFlags } from "./workloadFlags.ts"

const config = { ...workloadFlags, ...simulationFlags } as const

const simulate = Effect.fnUntraced(function* (flags: SimulationFlags) {
  const { allowOutside, format } = flags
  const workload = yield* readWorkload(flags.workload, { allowOutside })
  yield* simulateOn(flags, workload, (report, closing) => showReport(report, format, closing))
})

export const simulateCommand = Command.make("simulate", config, (flags) =>
  Effect.scoped(simulate(flags)),
).pipe(
  Command.withDescription(
    "Simulate a workload in virtual time: the real scheduler on a model of a device. Graphs and " +
      "models are taken by their shapes, nothing is loaded or computed; the same seed gives the same " +
      "report.\n  " +
      "Exit status: 0 all tasks completed; 1 some task did not; 2 the input was wrong.",
  ),
  Command.withShortDescription("Simulate a workload, compare policies"),
  Command.withExamples([
    {
      command: "gnnsched simulate examples/demo.yaml --memory 80MiB --policy sjf",
      description: "The demo on a model of two CPU cores",
    },
    {
      command:
        "gnnsched simulate bench/workloads/cognn-mix.yaml --profile v100-32g --mode groups " +
        "--sweep policy=base,lmcf,bmc,sjf",
      description: "CoGNN's list of mixed tasks on a V100 under four policies",
    },
  ]),
)
