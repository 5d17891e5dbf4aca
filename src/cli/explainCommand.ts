// `gnnsched explain TASK`: for each moment of a recorded task, what it waited for or where it ran, and
// with whom.
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { explainTask } from "../model/explainTask.ts"
import { explainText } from "./explainView.ts"
import { formatFlag } from "./flags.ts"
import { newestReport, readReport } from "./report/readReport.ts"
import { print, printJson } from "./terminal.ts"

const config = {
  task: Argument.String("task").pipe(Argument.withDescription("The task's id")),
  report: Flag.String("report").pipe(
    Flag.withMetavar("FILE|DIR"),
    Flag.withDescription(
      "The report.json of run or simulate, or its folder; default: the newest here, in out/ or in " +
        "a folder of out/",
    ),
    Flag.optional,
  ),
  format: formatFlag,
} as const

const explain = Effect.fnUntraced(function* (flags: Command.Command.Config.Infer<typeof config>) {
  const path = Option.isSome(flags.report) ? flags.report.value : yield* newestReport
  const report = yield* readReport(path)
  const explanation = yield* Effect.fromResult(explainTask(report.run, flags.task))
  if (flags.format === "json") return yield* printJson({ report: report.file, ...explanation })
  const task = report.run.tasks.find(({ id }) => id === flags.task)!
  yield* print(`${explainText(report, task, explanation)}\n\nFrom ${report.file}.`)
})

export const explainCommand = Command.make("explain", config, explain).pipe(
  Command.withDescription(
    "Tell what a task waited for at each moment (memory, a lane, its turn, fairness, interference, " +
      "whoever it gave way to), where it ran, and with whom: from the report of a run or a simulation.",
  ),
  Command.withShortDescription("Why a task waited, and with whom it ran"),
  Command.withExamples([
    {
      command: "gnnsched explain rank/0 --report out/demo",
      description: "A task of the demo's run",
    },
    {
      command: "gnnsched explain crawl/2 --report out/demo --format json | jq .waitedMs",
      description: "How long it waited for what",
    },
  ]),
)
