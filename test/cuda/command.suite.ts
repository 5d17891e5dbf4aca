// The ordinary commands on the emulated GPU, each in a process of its own.
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { gnnsched } from "../cli/gnnsched.ts"
import { coraSuite } from "../e2e/coraAccuracy.suite.ts"
import { emulatedAddon } from "../emulator/buildEmulated.ts"

const workload = join(import.meta.dirname, "../../examples/arrivals.yaml")
const small = join(import.meta.dirname, "mix.yaml")

interface Report {
  readonly device: { readonly kind: string }
  readonly tasks: ReadonlyArray<{
    readonly status: string
    readonly reason: { readonly tag: string; readonly reason: string } | null
    readonly measuredPeakBytes: number | null
    readonly predictedPeakBytes: number | null
  }>
}

export const commandSuite = () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gnnsched-cuda-"))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = async (env: Record<string, string>, ...args: ReadonlyArray<string>) => {
    const out = join(folder, "out")
    const all = { GNNSCHED_ADDON: emulatedAddon, ...env }
    const result = await gnnsched(
      ["run", small, "--device", "cuda", "--out", out, "--quiet", "--allow-outside", ...args],
      { env: all },
    )
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as Report
    return { ...result, report }
  }

  it("doctor checks every operator against the reference", async () => {
    const env = { GNNSCHED_ADDON: emulatedAddon }
    const { status, stdout } = await gnnsched(["doctor", "--device", "cuda"], { env })
    expect(stdout).toContain("cuda: emulated GPU, cuda 9.0")
    expect(stdout).toContain("green contexts: its multiprocessors can be shared out")
    expect(stdout).toMatch(/copies within it .*\/s, slices of/)
    expect(stdout).toContain("all well")
    expect(status).toBe(0)
  })

  it("doctor computes networks at a lower precision, in the predicted bytes", async () => {
    const env = { GNNSCHED_ADDON: emulatedAddon }
    const args = ["doctor", "--device", "cuda", "--precision", "bf16"]
    const { status, stdout } = await gnnsched(args, { env })
    expect(stdout).toMatch(/GIN in bf16 +1 +\d\.\de-3 +ok/)
    expect(status, stdout).toBe(0)
  })

  it("run takes less memory in two bytes, and the cpu device refuses them", async () => {
    const predicted = async (...args: ReadonlyArray<string>) => {
      const { status, stderr, report } = await run({}, ...args)
      expect(status, stderr).toBe(0)
      return report.tasks.map(({ measuredPeakBytes, predictedPeakBytes }) => {
        expect(measuredPeakBytes).toBe(predictedPeakBytes)
        return predictedPeakBytes!
      })
    }
    const [exact, half] = [await predicted(), await predicted("--precision", "fp16")]
    expect(half.every((bytes, i) => bytes <= exact[i]!)).toBe(true)
    expect(half.some((bytes, i) => bytes < exact[i]!)).toBe(true)
    const refused = await gnnsched(["run", small, "--precision", "fp16", "--allow-outside"])
    expect(refused.stderr).toContain("one of fp32 on the cpu device")
  })

  it("doctor says that an addon without CUDA has none, and how to get it", async () => {
    const asked = await gnnsched(["doctor", "--device", "cuda"])
    expect(asked.status).toBe(1)
    expect(asked.stdout).toContain("GNNSCHED_CUDA=1")
  })

  it("run completes a mix under a budget for a third of it, in the predicted bytes", async () => {
    const { status, stderr, report } = await run({}, "--memory", "2MiB", "--lanes", "4")
    expect(status, stderr).toBe(0)
    expect(report.device.kind).toBe("cuda")
    for (const task of report.tasks) {
      expect(task.status).toBe("completed")
      expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
    }
  })

  it("a device that is lost fails what runs and what waits, each task with that reason", async () => {
    const { status, report } = await run({ GNNSCHED_EMULATED_LOSE_AFTER: "9" })
    expect(status).toBe(1)
    const failed = report.tasks.filter((task) => task.status === "failed")
    expect(failed.length).toBeGreaterThan(report.tasks.length / 2)
    expect(report.tasks.every((task) => ["completed", "failed"].includes(task.status))).toBe(true)
    for (const { reason } of failed) {
      expect(reason).toMatchObject({ tag: "DeviceLost" })
      expect(reason!.reason).toContain("cudaErrorIllegalAddress")
    }
  })

  it("run takes the GPU that is named, and a share of its multiprocessors for urgent tasks", async () => {
    const env = { GNNSCHED_EMULATED_GPUS: "2" }
    const there = await run(env, "--gpu", "1", "--sm-share", "0.25")
    expect(there.status, there.stderr).toBe(0)
    expect(there.report.tasks.every(({ status }) => status === "completed")).toBe(true)
    const args = ["run", small, "--allow-outside", "--device"]
    const all = { env: { GNNSCHED_ADDON: emulatedAddon, ...env } }
    const absent = await gnnsched([...args, "cuda", "--gpu", "2"], all)
    expect(absent.status).toBe(2)
    expect(absent.stderr).toContain("there is no GPU 2; this machine has 2")
    const other = await gnnsched([...args, "cpu", "--gpu", "1"], all)
    expect(other.status).toBe(2)
    expect(other.stderr).toContain("--device cuda beside it")
  })

  it("doctor says why multiprocessors cannot be shared out", async () => {
    const env = { GNNSCHED_ADDON: emulatedAddon, GNNSCHED_EMULATED_DRIVER: "12030" }
    const { status, stdout } = await gnnsched(["doctor", "--device", "cuda"], { env })
    expect(stdout).toContain("no green contexts (--sm-share does nothing): the driver has none")
    expect(status).toBe(0)
  })

  it("the program for whole runs on a GPU compares tasks together with one after another", async () => {
    const file = join(folder, "throughput.json")
    const program = join(import.meta.dirname, "../../scripts/offline/checks.mjs")
    const index = pathToFileURL(join(import.meta.dirname, "../../src/index.ts")).href
    const env = { ...process.env, GNNSCHED_ADDON: emulatedAddon, GNNSCHED_INDEX: index }
    await promisify(execFile)(process.execPath, [program, "throughput", file, "--emulated"], {
      env,
    })
    const { ok, sets } = JSON.parse(readFileSync(file, "utf8"))
    expect(ok).toBe(true)
    expect(sets.map(({ set }: { set: string }) => set)).toEqual(["small", "mixed", "large"])
    for (const { gain } of sets) expect(gain).toBeGreaterThan(0)
  })

  it("estimate and run of an unknown device name the devices there are", async () => {
    const { status, stderr } = await gnnsched(["run", workload, "--device", "gpu"])
    expect(status).toBe(2)
    expect(stderr).toContain("cuda")
  })

  coraSuite(["--device", "cuda"], { GNNSCHED_ADDON: emulatedAddon })
}
