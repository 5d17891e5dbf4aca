// `gnnsched simulate`: the same workload, policies and report as `run`, in virtual time on a device
// that is a model of one. `--sweep` runs it once for each combination and compares.
import { basename } from "node:path"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { machineNames, machines } from "../cost/MachineProfile.ts"
import { readProfileFile } from "../runtime/readProfileFile.ts"
import { defaultJitter, type SimulationOptions } from "../runtime/simulation.ts"
import { lanesFlag, memoryFlag, numberFlag, outFlag, wholeFlag } from "./flags.ts"
import { type Interruption, interruption } from "./Interruption.ts"
import { makeProgress } from "./progress.ts"
import { openOutputFolder } from "./report/OutputFolder.ts"
import { reportFiles, writeReport } from "./report/writeReport.ts"
import { showReport } from "./showReport.ts"
import { parseSweep } from "./simulate/parseSweep.ts"
import { runSweep } from "./simulate/runSweep.ts"
import { simulateWorkload } from "./simulate/simulateWorkload.ts"
import { sweepTable } from "./simulate/sweepTable.ts"
import { print, printJson, printNote } from "./terminal.ts"
import { byteForms } from "./units.ts"
import { readWorkload } from "./workload/readWorkload.ts"
import { outputName, type Workload } from "./workload/Workload.ts"
import { checkUnsafe, schedulingOptions, workloadFlags } from "./workloadFlags.ts"

const config = {
  ...workloadFlags,
  memory: memoryFlag.pipe(
    Flag.withDescription(`The device's memory budget: ${byteForms}; default: the profile's`),
  ),
  lanes: lanesFlag.pipe(
    Flag.withDescription("Tasks that run at once; default: the profile's lanes"),
  ),
  out: outFlag.pipe(
    Flag.withDescription("Write report.json, report.html and trace.json here; a sweep sweep.json"),
    Flag.optional,
  ),
  profile: Flag.String("profile").pipe(
    Flag.withMetavar("NAME|FILE"),
    Flag.withDescription(
      `The machine: ${machineNames.join(", ")}, or a file that calibrate wrote; default: cpu-2`,
    ),
    Flag.withDefault("cpu-2"),
  ),
  seed: wholeFlag("seed", 0, Number.MAX_SAFE_INTEGER).pipe(
    Flag.withDescription("Seed of the chance in run times; default: 0"),
    Flag.withDefault(0),
  ),
  jitter: numberFlag("jitter", "a number from 0 to 1", (value) => value >= 0 && value <= 1).pipe(
    Flag.withDescription(
      `Spread of run times: standard deviation of their logarithm; default: ${defaultJitter}`,
    ),
    Flag.withDefault(defaultJitter),
  ),
  sweep: Flag.String("sweep").pipe(
    Flag.withMetavar("KEY=A,B,…"),
    Flag.withDescription(
      "Simulate each combination and print a table; keys: policy, mode, load (arrivals that many " +
        "times as fast), lanes, seed. May be repeated",
    ),
    Flag.atLeast(0),
  ),
} as const

type SimulateConfig = Command.Command.Config.Infer<typeof config>

/** Beyond so many tasks no picture shows operators, and their times are most of the memory. */
const maxTasksWithOps = 20_000

const title = (file: string): string => basename(file).replace(/\.(ya?ml|json)$/i, "")

const one = Effect.fnUntraced(function* (
  flags: SimulateConfig,
  workload: Workload,
  options: SimulationOptions,
  { progress, writing }: Interruption,
) {
  yield* Effect.addFinalizer(() => Effect.sync(() => progress.finish()))
  const folder = Option.isSome(flags.out)
    ? yield* openOutputFolder(flags.out.value, outputName, reportFiles)
    : null
  const opTimings = folder !== null && workload.tasks.length <= maxTasksWithOps
  const report = yield* simulateWorkload(workload, { ...options, opTimings }, progress)
  if (folder !== null) yield* writing(writeReport(folder, title(workload.file), report))
  progress.finish()
  const closing =
    folder === null
      ? "Simulated. Nothing was written; --out DIR keeps an HTML report."
      : `Simulated. HTML report: ${folder.folder}/report.html`
  yield* showReport(report, flags.format, closing)
})

/** What a sweep writes, and the report of an earlier run that it replaces. */
const sweepFiles = ["sweep.json", "report.json"]

const sweep = Effect.fnUntraced(function* (
  flags: SimulateConfig,
  workload: Workload,
  options: SimulationOptions,
) {
  const points = yield* parseSweep(flags.sweep)
  const policies = points.map(({ policy }) => policy ?? flags.policy)
  const refused = checkUnsafe(policies, flags.iKnow)
  if (refused !== null) return yield* refused
  const progress = makeProgress(process.stderr, flags.quiet || flags.format === "json")
  const folder = Option.isSome(flags.out)
    ? yield* openOutputFolder(flags.out.value, outputName, sweepFiles)
    : null
  const rows = yield* runSweep(workload, options, points, progress)
  progress.finish()
  const result = {
    workload: title(workload.file),
    profile: flags.profile,
    simulated: true,
    jitter: flags.jitter,
    rows,
  }
  if (folder !== null) {
    yield* folder.stageText("sweep.json", [`${JSON.stringify(result, null, 2)}\n`])
    yield* Effect.uninterruptible(folder.publish)
  }
  if (flags.format === "json") yield* printJson(result)
  else yield* print(sweepTable(rows))
})

const machineOf = (profile: string) => {
  const name = machineNames.find((known) => known === profile)
  return name === undefined ? readProfileFile(profile) : Effect.succeed(machines[name])
}

const simulate = Effect.fnUntraced(function* (flags: SimulateConfig) {
  const { allowOutside, jitter, seed } = flags
  const workload = yield* readWorkload(flags.workload, { allowOutside })
  const scheduling = yield* schedulingOptions(flags, workload)
  const options = { ...scheduling, machine: yield* machineOf(flags.profile), seed, jitter }
  if (flags.sweep.length > 0) {
    return yield* Effect.onInterrupt(sweep(flags, workload, options), () =>
      printNote("interrupted: nothing was written"),
    )
  }
  const json = flags.format === "json"
  const progress = makeProgress(process.stderr, flags.quiet || json)
  const interrupted = interruption(progress, workload.tasks.length, json)
  yield* interrupted.noted(one(flags, workload, options, interrupted))
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
