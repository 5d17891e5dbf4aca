// Where nvcc is installed: every kernel compiles, none spills or needs a stack, and none takes more
// registers than the committed table says. GNNSCHED_PTXAS_ALL=1 does it for every architecture;
// GNNSCHED_UPDATE_TABLES=1 writes the table anew.
import { execFile } from "node:child_process"
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { root } from "./emulated.ts"
import { kernelFigures, nvccRelease } from "./ptxas.ts"

interface PtxasTable {
  readonly nvcc: string
  readonly registers: Record<string, Record<string, number>>
}

const tableFile = join(root, "kernels/ptxas.json")
const table: PtxasTable = existsSync(tableFile)
  ? JSON.parse(readFileSync(tableFile, "utf8"))
  : { nvcc: "", registers: {} }
const release = nvccRelease()
const update = process.env.GNNSCHED_UPDATE_TABLES === "1"
const archs = process.env.GNNSCHED_PTXAS_ALL === "1" ? [75, 80, 86, 89, 90, 100] : [90]
if (release === null) console.warn("skipped: no nvcc on PATH, kernels are not compiled for GPUs")

describe.skipIf(release === null)("kernels compiled by nvcc", () => {
  it.each(archs)(
    "need neither stack nor spills nor more registers than before on sm_%i",
    async (arch) => {
      const figures = await kernelFigures(arch, release!)
      for (const { kernel, stackBytes, spillBytes } of figures) {
        expect([stackBytes, spillBytes], `${kernel}: stack, spills`).toEqual([0, 0])
      }
      const registers = Object.fromEntries(figures.map((f) => [f.kernel, f.registers]))
      expect(Object.keys(registers).length, "kernels have different names").toBe(figures.length)
      if (update) {
        const all = { ...table.registers, [`sm_${arch}`]: registers }
        Object.assign(table, { nvcc: release, registers: all })
        writeFileSync(tableFile, `${JSON.stringify(table, null, 2)}\n`)
      }
      const known = table.registers[`sm_${arch}`]!
      expect(Object.keys(registers)).toEqual(Object.keys(known))
      // another compiler allocates registers in another way; the table is one compiler's
      if (release !== table.nvcc) return
      for (const [kernel, count] of Object.entries(registers)) {
        expect(count, `${kernel}: registers`).toBeLessThanOrEqual(known[kernel]!)
      }
    },
    300_000,
  )

  it("the host code that drives a GPU, and the kernel checks for one, compile against CUDA's own headers", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gnnsched-nvcc-"))
    try {
      const from = { cwd: join(root, "native") }
      const sources = globSync("cuda/*.cc", from).filter((name) => !name.endsWith("no_cuda.cc"))
      expect(sources.length).toBeGreaterThan(2)
      for (const source of sources) {
        const output = join(folder, "object.o")
        const flags = ["-std=c++20", "-Xcompiler", "-Wall,-Wextra,-Werror", "-I.", "-I../kernels"]
        await promisify(execFile)("nvcc", [...flags, "-c", source, "-o", output], from)
      }
      const checks = { cwd: join(root, "test/kernels") }
      for (const source of ["emulated_checks.cc", "gpu/gpu_runtime.cc"]) {
        const flags = ["-std=c++20", "-Xcompiler", "-Wall,-Wextra,-Werror", "-Igpu", "-I."]
        const kernels = ["-I../../kernels", "-c", source, "-o", join(folder, "object.o")]
        await promisify(execFile)("nvcc", [...flags, ...kernels], checks)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 120_000)
})
