// How a command that has already said everything ends with a status other than 0.
import { Data } from "effect"
import type { ExitCode } from "./exitCodes.ts"

export class CommandEnd extends Data.TaggedError("CommandEnd")<{
  readonly exitCode: ExitCode
}> {}
