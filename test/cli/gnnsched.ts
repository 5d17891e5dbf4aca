// Runs the real command line in a process of its own, for the tests.
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `closeEarly` closes the reading end of stdout after its first bytes, as `head` does. */
export const gnnsched = (
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly closeEarly?: boolean } = {},
): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1" }
    const child = spawn(process.execPath, [main, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text
      if (options.closeEarly === true) child.stdout.destroy()
    })
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text
    })
    child.on("error", reject)
    child.on("close", (status) => resolve({ status, stdout, stderr }))
  })
