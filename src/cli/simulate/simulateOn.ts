// One simulation of a workload, or one for each point of a sweep: what it prints and what it writes.
// `simulate` and `replay` differ in where the workload comes from.
import { basename, dirname, resolve } from "node:path"
import { Effect, Option } from "effect"
import type { Command } from "effect/cli"
import type { SimulationOptions } from "../../runtime/simulation.ts"
import { type Interruption, interruption } from "../Interruption.ts"
import { makeProgress } from "../progress.ts"
import { jsonLines } from "../report/jsonLines.ts"
import { openOutputFolder } from "../report/OutputFolder.ts"
import type { NamedReport } from "../report/RunInputs.ts"
import { sweepHtml } from "../report/sweepHtml.ts"
import { reportFiles, writeReport } from "../report/writeReport.ts"
import { print, printJson, printNote } from "../terminal.ts"
import { outputName, type Workload } from "../workload/Workload.ts"
import { checkUnsafe, schedulingOptions, type WorkloadFlags } from "../workloadFlags.ts"
import { parseSweep } from "./parseSweep.ts"
import { sweepOutcomes } from "./runSweep.ts"
import { simulateWorkload } from "./simulateWorkload.ts"
import { machineOf, type simulationFlags } from "./simulationFlags.ts"
import { sweepTable } from "./sweepTable.ts"

export type SimulationFlags = WorkloadFlags &
  Command.Command.Config.Infer<typeof simulationFlags> & {
    /** No flag of a command: a recorded run may have been without. */
    readonly elastic?: boolean
  }

/** Prints a report; `closing` says what was written. */
export type Show<E> = (report: NamedReport, closing: string) => Effect.Effect<void, E>

/** Beyond so many tasks no picture shows operators, and their times are most of the memory. */
const maxTasksWithOps = 20_000

/** A workload by its file; a recorded run by its folder. */
const title = (file: string): string =>
  basename(file) === "report.json"
    ? basename(dirname(resolve(file)))
    : basename(file).replace(/\.(ya?ml|json)$/i, "")

const one = <E>(
  flags: SimulationFlags,
  workload: Workload,
  options: SimulationOptions,
  { progress, writing }: Interruption,
  show: Show<E>,
) =>
  Effect.gen(function* () {
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
    yield* show(report, closing)
  })

/** What a sweep writes, and the report of an earlier run that it replaces. */
const sweepFiles = ["sweep.json", "sweep.html", "report.json"]

const sweep = Effect.fnUntraced(function* (
  flags: SimulationFlags,
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
  const outcomes = yield* sweepOutcomes(workload, options, points, progress)
  progress.finish()
  const rows = outcomes.map(({ row }) => row)
  const { jitter, profile } = flags
  const facts = { title: title(workload.file), profile, jitter }
  const result = { workload: facts.title, profile, simulated: true, jitter, rows }
  if (folder !== null) {
    const curves = outcomes.map((outcome) => outcome.curves)
    yield* folder.stageText("sweep.json", jsonLines({ ...result, curves }))
    yield* folder.stageText("sweep.html", [sweepHtml(facts, outcomes)])
    yield* Effect.uninterruptible(folder.publish)
  }
  if (flags.format === "json") return yield* printJson(result)
  yield* print(sweepTable(rows))
  if (folder !== null) yield* print(`\nHTML comparison: ${folder.folder}/sweep.html`)
})

export const simulateOn = <E>(flags: SimulationFlags, workload: Workload, show: Show<E>) =>
  Effect.gen(function* () {
    const { elastic = true, jitter, precision, seed } = flags
    const scheduling = yield* schedulingOptions(flags, workload)
    const machine = yield* machineOf(flags.profile)
    const options = { ...scheduling, machine, precision, elastic, seed, jitter }
    if (flags.sweep.length > 0) {
      return yield* Effect.onInterrupt(sweep(flags, workload, options), () =>
        printNote("interrupted: nothing was written"),
      )
    }
    const json = flags.format === "json"
    const progress = makeProgress(process.stderr, flags.quiet || json)
    const interrupted = interruption(progress, workload.tasks.length, json)
    yield* interrupted.noted(one(flags, workload, options, interrupted, show))
  })
