// What happens when results cannot be written. A reader that has seen enough (`gnnsched … | head`)
// closes the pipe: that is no error of ours. A full disk is one, and ends the command.
import { systemReason } from "../model/systemReason.ts"
import { exitCodes } from "./exitCodes.ts"

interface ErrorSource {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown
}

const closedCodes = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]

/** What is written to a closed pipe goes nowhere; files and the exit status are as without it. */
export const guardOutput = (stream: ErrorSource, name: string): void => {
  stream.on("error", (error) => {
    if (closedCodes.includes(error.code ?? "")) return
    if (name !== "stderr") {
      process.stderr.write(`gnnsched: ${name} cannot be written: ${systemReason(error)}.\n`)
    }
    process.exit(exitCodes.badInput)
  })
}
