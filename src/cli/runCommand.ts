// `gnnsched run`: a workload file in, a table, outputs and reports out.
import { basename } from "node:path"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { BadConfig } from "../model/errors.ts"
import { policyNames } from "../model/Snapshot.ts"
import { Runtime } from "../runtime/Runtime.ts"
import type { RuntimeOptions } from "../runtime/RuntimeApi.ts"
import { addonOption } from "./addonOption.ts"
import { attempt } from "./attempt.ts"
import { CommandEnd } from "./CommandEnd.ts"
import { exitCodes } from "./exitCodes.ts"
import { readFaultFile } from "./faultFile.ts"
import { deviceFlag, formatFlag, lanesFlag, memoryFlag, outFlag, quietFlag } from "./flags.ts"
import { makeProgress } from "./progress.ts"
import { openOutputFolder } from "./report/OutputFolder.ts"
import { reportJson } from "./report/reportJson.ts"
import { summary } from "./report/summary.ts"
import { writeReport } from "./report/writeReport.ts"
import { loadWorkload, runLoaded } from "./runWorkload.ts"
import { print, printJson } from "./terminal.ts"
import { readWorkload } from "./workload/readWorkload.ts"
import { outputName, type Workload } from "./workload/Workload.ts"

const config = {
  workload: Argument.String("workload").pipe(
    Argument.withDescription("The workload, YAML or JSON: graphs, models, tenants, tasks"),
  ),
  policy: Flag.Literals("policy", policyNames).pipe(
    Flag.withDescription("Who runs next, with whom"),
    Flag.withDefault("base"),
  ),
  mode: Flag.Literals("mode", ["groups", "continuous"]).pipe(
    Flag.withDescription("groups: one after another, as published; continuous: refill at once"),
    Flag.withDefault("continuous"),
  ),
  late: Flag.Literals("late", ["run", "expire"]).pipe(
    Flag.withDescription("Tasks whose deadline passes while they wait: run them, or end them"),
    Flag.withDefault("run"),
  ),
  device: deviceFlag,
  memory: memoryFlag,
  lanes: lanesFlag,
  out: outFlag.pipe(
    Flag.withDescription("Write report.json, report.html, trace.json and outputs/ here"),
    Flag.optional,
  ),
  faults: Flag.String("faults").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("Inject the faults of this plan (YAML or JSON)"),
    Flag.optional,
  ),
  allowOutside: Flag.Boolean("allow-outside").pipe(
    Flag.withDescription("Let the workload name files outside its own folder"),
    Flag.withDefault(false),
  ),
  iKnow: Flag.Boolean("i-know").pipe(
    Flag.withDescription("Allow --policy unsafe, which runs out of memory by design"),
    Flag.withDefault(false),
  ),
  quiet: quietFlag,
  format: formatFlag,
} as const

type RunConfig = Command.Command.Config.Infer<typeof config>

/** Threads that read files: loading is the only time they work at once. */
const prepThreads = 2

const runtimeOptions = Effect.fnUntraced(function* (flags: RunConfig, workload: Workload) {
  if (flags.policy === "unsafe" && !flags.iKnow) {
    return yield* new BadConfig({
      file: "command line",
      path: "--policy",
      expected:
        "--i-know beside unsafe, a policy that runs out of memory to show why others do not",
      found: "unsafe alone",
    })
  }
  const taskIds = workload.tasks.map(({ id }) => id)
  const faults = Option.isSome(flags.faults)
    ? yield* readFaultFile(flags.faults.value, taskIds)
    : null
  return {
    device: flags.device,
    policy: flags.policy,
    mode: flags.mode,
    lateTasks: flags.late,
    allowUnsafe: flags.iKnow,
    ...addonOption(),
    prepThreads,
    ...(Option.isSome(flags.memory) ? { memoryBytes: flags.memory.value } : {}),
    ...(Option.isSome(flags.lanes) ? { lanes: flags.lanes.value } : {}),
    ...(faults === null ? {} : { faults }),
  } satisfies RuntimeOptions
})

const openRuntime = (options: RuntimeOptions) =>
  Effect.acquireRelease(
    attempt(() => Runtime.open(options)),
    (runtime) => Effect.promise(() => runtime.close()),
  )

const title = (file: string): string => basename(file).replace(/\.(ya?ml|json)$/i, "")

const run = Effect.fnUntraced(function* (flags: RunConfig) {
  const { allowOutside } = flags
  const workload = yield* readWorkload(flags.workload, { allowOutside })
  const options = yield* runtimeOptions(flags, workload)
  const progress = makeProgress(process.stderr, flags.quiet || flags.format === "json")
  yield* Effect.addFinalizer(() => Effect.sync(() => progress.finish()))
  const runtime = yield* openRuntime({
    ...options,
    tenants: workload.tenants,
    historyTasks: Math.max(1, workload.tasks.length),
  })
  const loaded = yield* loadWorkload(runtime, workload, progress)
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
