// `gnnsched run`: a workload file in, a table, outputs and reports out.
import { basename } from "node:path"
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { Runtime } from "../runtime/Runtime.ts"
import type { RuntimeOptions } from "../runtime/RuntimeApi.ts"
import { addonOption } from "./addonOption.ts"
import { attempt } from "./attempt.ts"
import { CommandEnd } from "./CommandEnd.ts"
import { exitCodes } from "./exitCodes.ts"
import { deviceFlag } from "./flags.ts"
import { loadWorkload } from "./loadWorkload.ts"
import { makeProgress } from "./progress.ts"
import { openOutputFolder } from "./report/OutputFolder.ts"
import { reportJson } from "./report/reportJson.ts"
import { summary } from "./report/summary.ts"
import { writeReport } from "./report/writeReport.ts"
import { loaderOf, runLoaded } from "./runWorkload.ts"
import { print, printJson } from "./terminal.ts"
import { readWorkload } from "./workload/readWorkload.ts"
import { outputName } from "./workload/Workload.ts"
import { schedulingOptions, workloadFlags } from "./workloadFlags.ts"

const config = { ...workloadFlags, device: deviceFlag } as const

type RunConfig = Command.Command.Config.Infer<typeof config>

/** Threads that read files: loading is the only time they work at once. */
const prepThreads = 2

const openRuntime = (options: RuntimeOptions) =>
  Effect.acquireRelease(
    attempt(() => Runtime.open(options)),
    (runtime) => Effect.promise(() => runtime.close()),
  )

const title = (file: string): string => basename(file).replace(/\.(ya?ml|json)$/i, "")

const run = Effect.fnUntraced(function* (flags: RunConfig) {
  const { allowOutside } = flags
  const workload = yield* readWorkload(flags.workload, { allowOutside })
  const options = {
    ...(yield* schedulingOptions(flags, workload)),
    ...addonOption(),
    device: flags.device,
    prepThreads,
  }
  const progress = makeProgress(process.stderr, flags.quiet || flags.format === "json")
  yield* Effect.addFinalizer(() => Effect.sync(() => progress.finish()))
  const runtime = yield* openRuntime(options)
  const loaded = yield* loadWorkload(loaderOf(runtime), workload, progress)
  const folder = Option.isSome(flags.out)
    ? yield* openOutputFolder(flags.out.value, outputName)
    : null
  const report = yield* runLoaded(runtime, loaded, folder, progress)
  if (folder !== null) yield* writeReport(folder, title(workload.file), report)
  progress.finish()
  if (flags.format === "json") yield* printJson(reportJson(report))
  else {
    yield* print(summary(report))
    yield* print(
      folder === null
        ? "\nNothing was written; --out DIR keeps outputs and an HTML report."
        : `\nHTML report: ${folder.folder}/report.html`,
    )
  }
  if (report.tasks.some((task) => task.status !== "completed")) {
    return yield* new CommandEnd({ exitCode: exitCodes.taskFailed })
  }
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
