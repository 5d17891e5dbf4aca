// Makes a folder, and an archive of it, with which a machine that has a GPU, CUDA, CMake and g++, but
// neither Node nor a network, builds and checks gnnsched: `sh gpu-check.sh` in it does everything.
//   npm run bundle:offline -- [FOLDER]      default: out/gnnsched-offline
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"

const root = join(import.meta.dirname, "..")
const folder = resolve(process.argv[2] ?? join(root, "out/gnnsched-offline"))
const archive = `${folder}.tar.xz`
const maxArchiveBytes = 60e6

/** What is built, run and checked there. */
const parts = [
  "package.json",
  "package-lock.json",
  "LICENSE",
  "CMakeLists.txt",
  "cmake",
  "native",
  "kernels",
  "dist",
  "examples",
  "src/model/precision.ts",
  "test/emulator",
  "test/kernels",
  "test/cases",
  "test/native/oracle.ts",
  "test/cuda/mix.yaml",
  "bench/gpu",
  "bench/peers/pyg_speed.py",
  "scripts/offline",
]

/** Of installed packages, what no program here reads. */
const unread = (path) =>
  /\.(map|md|ts|cts|mts|tsbuildinfo)$/.test(path) || /^\/(effect|@effect\/[^/]+)\/src$/.test(path)

const run = (file, args, cwd) => execFileSync(file, args, { cwd, stdio: "inherit" })

if (existsSync(folder)) {
  throw new Error(`${folder} is there already: remove it, or name another folder`)
}
if (!existsSync(join(root, "dist/cli/main.js"))) throw new Error("build first: npm run build")
mkdirSync(folder, { recursive: true })
try {
  for (const part of parts) {
    mkdirSync(dirname(join(folder, part)), { recursive: true })
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  run("npm", ["ci", "--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit"], folder)
  const packages = join(folder, "node_modules")
  const slim = join(folder, "slim")
  const headers = /node-(api-headers|addon-api)\//
  cpSync(packages, slim, {
    recursive: true,
    filter: (path) => headers.test(path) || !unread(path.slice(packages.length)),
  })
  rmSync(packages, { recursive: true })
  cpSync(slim, packages, { recursive: true })
  rmSync(slim, { recursive: true })
  mkdirSync(join(folder, "bin"))
  cpSync(process.execPath, join(folder, "bin/node"), { dereference: true })
  run("strip", ["--strip-unneeded", join(folder, "bin/node")], folder)
  renameSync(join(folder, "scripts/offline/gpu-check.sh"), join(folder, "gpu-check.sh"))
  chmodSync(join(folder, "gpu-check.sh"), 0o755)
  run("tar", ["-cJf", archive, basename(folder)], dirname(folder))
} catch (error) {
  rmSync(folder, { recursive: true, force: true })
  throw error
}
const { size } = statSync(archive)
if (size > maxArchiveBytes) {
  throw new Error(`${archive} has ${size} bytes; at most ${maxArchiveBytes} were to be`)
}
console.log(`${archive}: ${(size / 1e6).toFixed(1)} MB`)
