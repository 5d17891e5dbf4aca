// The addon with a GPU in software: built by the project's own script, what changed alone.
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

const root = join(import.meta.dirname, "../..")

export const emulatedAddon = join(root, "build/emulated/gnnsched.node")

/** For `beforeAll`: a first build takes most of a minute on two busy cores. */
export const buildTimeoutMs = 240_000

export const buildEmulatedAddon = async (): Promise<void> => {
  await promisify(execFile)("npm", ["run", "--silent", "build:emulated"], { cwd: root })
}
