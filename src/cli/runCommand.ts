// `gnnsched run`: a workload file in, a table, outputs and reports out.
import { basename } from "node:path"
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import type { RunReport } from "../model/RunReport.ts"
import { Runtime } from "../runtime/Runtime.ts"
import type { RuntimeOptions } from "../runtime/RuntimeApi.ts"
import { addonOption } from "./addonOption.ts"
import { attempt } from "./attempt.ts"
import { deviceFlag, precisionFlag, profileFlag } from "./flags.ts"
import { gpuFlags, gpuOptions } from "./gpuFlags.ts"
import { type Interruption, interruption } from "./Interruption.ts"
import { loadWorkload } from "./loadWorkload.ts"
import { makeProgress } from "./progress.ts"
import { openOutputFolder } from "./report/OutputFolder.ts"
import { reportFiles, writeReport } from "./report/writeReport.ts"
import { loaderOf, runLoaded } from "./runWorkload.ts"
import { showReport } from "./showReport.ts"
import { readWorkload } from "./workload/readWorkload.ts"
import { outputName, type Workload } from "./workload/Workload.ts"
import { schedulingOptions, workloadFlags } from "./workloadFlags.ts"

const config = {
  ...workloadFlags,
  device: deviceFlag,
  precision: precisionFlag,
  ...gpuFlags,
  profile: profileFlag,
} as const

type RunConfig = Command.Command.Config.Infer<typeof config>

const openRuntime = (options: RuntimeOptions) =>
  Effect.acquireRelease(
    attempt(() => Runtime.open(options)),
    (runtime) => Effect.promise(() => runtime.close()),
  )

/** Asked for with --sm-share, and not to be had. */
const sharesNote = ({ device: { gpu } }: RunReport): string =>
  gpu?.notShared ? `\nThe multiprocessors were not shared out: ${gpu.notShared}.` : ""

const title = (file: string): string => basename(file).replace(/\.(ya?ml|json)$/i, "")

const runOn = Effect.fnUntraced(function* (
  flags: RunConfig,
  workload: Workload,
  { progress, writing }: Interruption,
) {
  const options = {
    ...(yield* schedulingOptions(flags, workload)),
    ...addonOption(),
    device: flags.device,
    precision: flags.precision,
    ...(yield* gpuOptions(flags.device, flags)),
    ...(Option.isSome(flags.profile) ? { profile: flags.profile.value } : {}),
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => progress.finish()))
  const runtime = yield* openRuntime(options)
  const loaded = yield* loadWorkload(loaderOf(runtime), workload, progress)
  const folder = Option.isSome(flags.out)
    ? yield* openOutputFolder(flags.out.value, outputName, reportFiles)
    : null
  const report = yield* runLoaded(runtime, loaded, folder, progress)
  if (folder !== null) yield* writing(writeReport(folder, title(workload.file), report))
  progress.finish()
  const closing =
    folder === null
      ? "Nothing was written; --out DIR keeps outputs and an HTML report."
      : `HTML report: ${folder.folder}/report.html`
  yield* showReport(report, flags.format, `${closing}${sharesNote(report)}`)
})

const run = Effect.fnUntraced(function* (flags: RunConfig) {
  const { allowOutside } = flags
  const workload = yield* readWorkload(flags.workload, { allowOutside })
  const json = flags.format === "json"
  const progress = makeProgress(process.stderr, flags.quiet || json)
  const interrupted = interruption(progress, workload.tasks.length, json)
  yield* interrupted.noted(runOn(flags, workload, interrupted))
})

export const runCommand = Command.make("run", config, (flags) => Effect.scoped(run(flags))).pipe(
  Command.withDescription(
    "Run the tasks of a workload together on one device, inside a memory budget.\n  " +
      "Exit status: 0 all tasks completed; 1 some task did not; 2 the input was wrong, nothing ran.",
  ),
  Command.withShortDescription("Run the tasks of a workload"),
  Command.withExamples([
    {
      command: "gnnsched run examples/demo.yaml --memory 80MiB --out out/demo",
      description: "Run the demo in 80 MiB and keep outputs, report.json and report.html",
    },
    {
      command: "gnnsched run jobs.yaml --policy bmc --mode groups --lanes 4",
      description: "The paper's groups, balanced by memory, four tasks at once",
    },
    {
      command: "gnnsched run jobs.yaml --format json --quiet | jq .tenants",
      description: "Only the report, as JSON, for another program",
    },
    {
      command: "gnnsched run examples/demo.yaml --faults examples/faults.yaml",
      description: "The same while operators fail and workers crash",
    },
  ]),
)
