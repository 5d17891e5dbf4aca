// How a wrong command line is reported: one sentence and where the help is, instead of all of it.
import { Console } from "effect"
import { CliOutput } from "effect/cli"
import { printNote } from "./terminal.ts"

const sentence = (message: string): string =>
  message.replace(/\n\n {2}Did you mean this\?\n\s+/, "; did you mean ").replace(/\s*\n\s*/g, ", ")

const explain = (
  commandPath: ReadonlyArray<string>,
  errors: ReadonlyArray<{ readonly _tag: string; readonly message: string }>,
  json: boolean,
): string => {
  if (json) {
    const [first] = errors
    return JSON.stringify({
      error: {
        tag: first?._tag ?? "CommandLine",
        message: errors.map((error) => sentence(error.message)).join("; "),
      },
    })
  }
  const lines = errors.map((error) => `gnnsched: ${sentence(error.message)}`)
  return `${lines.join("\n")}\n  See \`${commandPath.join(" ")} --help\`.`
}

export const presenterLayer = (json: boolean) =>
  CliOutput.layerPresenter({
    present: (event) => {
      if (event._tag === "InvalidInvocation") {
        return printNote(explain(event.commandPath, event.errors, json))
      }
      if (event._tag === "Version") return Console.log(event.version)
      return CliOutput.defaultPresenter.present(event)
    },
  })
