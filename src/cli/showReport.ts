// What `run` and `simulate` print at the end, and the exit status that follows from the report.
import { Effect } from "effect"
import { CommandEnd } from "./CommandEnd.ts"
import { exitCodes } from "./exitCodes.ts"
import type { NamedReport } from "./report/RunInputs.ts"
import { reportJson } from "./report/reportJson.ts"
import { summary } from "./report/summary.ts"
import { print, printJson } from "./terminal.ts"

/** Fails with the exit status where a task did not complete. */
export const endOf = ({ tasks }: NamedReport): Effect.Effect<void, CommandEnd> =>
  tasks.every((task) => task.status === "completed")
    ? Effect.void
    : Effect.fail(new CommandEnd({ exitCode: exitCodes.taskFailed }))

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
  yield* endOf(report)
})
