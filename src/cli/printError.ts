// The end of a command that failed: the error on stderr as a sentence or as JSON, and the exit
// status that goes with it. A stack trace is shown for defects only.
import { Cause, Effect } from "effect"
import { CliError } from "effect/cli"
import { CommandEnd } from "./CommandEnd.ts"
import { errorToJson, errorToText, isGnnschedError } from "./describeError.ts"
import { type ExitCode, exitCodes } from "./exitCodes.ts"
import { printNote } from "./terminal.ts"

/** Known before the flags are parsed: a wrong flag is reported in the form that was asked for. */
export const wantsJson = (args: ReadonlyArray<string>): boolean =>
  args.some(
    (arg, index) => arg === "--format=json" || (arg === "--format" && args[index + 1] === "json"),
  )

const printDefect = (cause: Cause.Cause<unknown>, json: boolean): Effect.Effect<ExitCode> => {
  const text = Cause.pretty(cause)
  const shown = json
    ? JSON.stringify({ error: { tag: "Defect", message: text } })
    : `gnnsched: this is a defect of gnnsched; please report it with these lines.\n${text}`
  return Effect.as(printNote(shown), exitCodes.defect)
}

/** Prints what has to be printed and answers the exit status. */
export const reportFailure = (
  cause: Cause.Cause<unknown>,
  json: boolean,
): Effect.Effect<ExitCode> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(exitCodes.interrupted)
  const error = Cause.squash(cause)
  if (error instanceof CommandEnd) return Effect.succeed(error.exitCode)
  // The presenter has printed what was wrong with the command line.
  if (CliError.isCliError(error)) return Effect.succeed(exitCodes.badInput)
  if (!isGnnschedError(error) || Cause.hasDies(cause)) return printDefect(cause, json)
  const shown = json ? JSON.stringify({ error: errorToJson(error) }) : errorToText(error)
  return Effect.as(printNote(shown), exitCodes.badInput)
}
