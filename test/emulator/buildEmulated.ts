// What runs on the GPU in software: the addon, the kernel checks and the benches, with kernels that are
// compiled once for all of them, by the project's own script. What changed is built, and by one process
// at a time: several test files ask for it.
import { execFile } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

const root = join(import.meta.dirname, "../..")

export const emulatedBuild = join(root, "build/emulated")
export const emulatedAddon = join(emulatedBuild, "gnnsched.node")

/** For `beforeAll`: a first build takes two minutes, on busy cores several; others wait for it. */
export const buildTimeoutMs = 600_000

export const buildEmulated = async (): Promise<void> => {
  mkdirSync(join(root, "build"), { recursive: true })
  const build = ["npm", "run", "--silent", "build:emulated"]
  await promisify(execFile)("flock", [`${emulatedBuild}.lock`, ...build], { cwd: root })
}
