// A reader that has seen enough (`gnnsched … | head`) closes the pipe: that is no error of ours.

interface ErrorSource {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown
}

const closedCodes = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]

/** What is written later goes nowhere; files and the exit status are as without the pipe. */
export const ignoreBrokenPipe = (stream: ErrorSource): void => {
  stream.on("error", (error) => {
    if (!closedCodes.includes(error.code ?? "")) throw error
  })
}
