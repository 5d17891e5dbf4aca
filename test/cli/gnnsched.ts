// Runs the real command line in a process of its own, for the tests.
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

/** As vitest.config.ts has them for this process. */
const v8Flags = process.execArgv.filter((flag) => flag.startsWith("--wasm-"))

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * `closeEarly` closes the reading end of stdout after its first bytes, as `head` does; `stdoutFile`
 * is a file for the shell's `>`; `signal` is sent once what stderr holds matches `after`.
 */
export const gnnsched = (
  args: ReadonlyArray<string>,
  options: {
    readonly cwd?: string
    /** Beside the variables of this process. */
    readonly env?: Readonly<Record<string, string>>
    readonly closeEarly?: boolean
    readonly stdoutFile?: string
    readonly signal?: { readonly name: NodeJS.Signals; readonly after: RegExp }
  } = {},
): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env, NO_COLOR: "1" }
    const output = options.stdoutFile === undefined ? "pipe" : openSync(options.stdoutFile, "w")
    const child = spawn(process.execPath, [...v8Flags, main, ...args], {
      env,
      stdio: ["ignore", output, "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    let stdout = ""
    let stderr = ""
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text
      if (options.closeEarly === true) child.stdout?.destroy()
    })
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text
      if (options.signal?.after.test(stderr) === true) child.kill(options.signal.name)
    })
    child.on("error", reject)
    child.on("close", (status) => {
      if (typeof output === "number") closeSync(output)
      resolve({ status, stdout, stderr })
    })
  })
