// What `run` and `simulate` print at the end, and the exit status that follows from the report.
import { Effect } from "effect"
import { CommandEnd } from "./CommandEnd.ts"
import { exitCodes } from "./exitCodes.ts"
import type { NamedReport } from "./report/RunInputs.ts"
import { reportJson } from "./report/reportJson.ts"
import { summary } from "./report/summary.ts"
import { print, printJson } from "./terminal.ts"

/** `closing` is the last line of the table form: where more can be found. */
export const showReport = Effect.fnUntraced(function* (
  report: NamedReport,
  format: "table" | "json",
  closing: string,
) {
  if (format === "json") yield* printJson(reportJson(report))
  else {
    yield* print(summary(report))
    yield* print(`\n${closing}`)
  }
  if (report.tasks.some((task) => task.status !== "completed")) {
    return yield* new CommandEnd({ exitCode: exitCodes.taskFailed })
  }
})
