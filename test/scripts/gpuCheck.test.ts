// The script of the offline bundle: its syntax, its steps, what it remembers. What the steps find is found
// by running it whole (`npm run bundle:offline`, then gpu-check.sh --emulated in an empty folder).
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const script = join(root, "scripts/offline/gpu-check.sh")
const text = readFileSync(script, "utf8")

const run = (file: string, ...args: ReadonlyArray<string>) =>
  new Promise<{ readonly status: number; readonly output: string }>((resolve) => {
    execFile(file, [...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })

describe("gpu-check.sh", () => {
  let out: string
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), "gnnsched-check-"))
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  const check = (...args: ReadonlyArray<string>) =>
    run("bash", script, "--emulated", "--out", out, ...args)
  const summary = () => JSON.parse(readFileSync(join(out, "summary.json"), "utf8"))

  it("is a script that bash reads", async () => {
    expect(await run("bash", "-n", script)).toEqual({ status: 0, output: "" })
  })

  it("gives every step a limit, and every limit a step", () => {
    const made = [...text.matchAll(/^step_(\w+)\(\)/gm)].map(([, name]) => name)
    const called = [...text.matchAll(/^step (\w+) (\d+)$/gm)].map(([, name]) => name)
    expect([...called].sort()).toEqual([...made].sort())
    expect(called.length).toBeGreaterThan(10)
  })

  it("remembers a step that passed, and does it no second time", async () => {
    for (const state of ["passed", "passed-before"]) {
      const { output, status } = await check("--only", "machine")
      expect(status).toBe(0)
      expect(output).toMatch(new RegExp(`^machine +${state} `))
      expect(summary().steps).toMatchObject([{ step: "machine", state: "passed", limit: 80 }])
    }
    expect(JSON.parse(readFileSync(join(out, "machine.json"), "utf8")).cores).toBeGreaterThan(0)
  })

  it("fails with a step that fails, and does that one again", async () => {
    // beside the script, where the bundle has its programs, there is nothing
    for (let time = 0; time < 2; time++) {
      const { output, status } = await check("--only", "doctor")
      expect(status).toBe(1)
      expect(output).toMatch(/^doctor +failed /)
      // the summary knows the steps of runs before
      expect(summary().steps).toMatchObject([
        { step: "machine", state: "passed" },
        { step: "doctor", state: "failed" },
      ])
    }
  })

  it("says how it is used", async () => {
    const { status, output } = await check("--gpu")
    expect(status).toBe(2)
    expect(output).toContain("usage: gpu-check.sh")
  })

  const bundle = readFileSync(join(root, "scripts/bundle-offline.mjs"), "utf8")
  const list = /const parts = \[([\s\S]*?)\]/.exec(bundle)![1]!
  const parts = [...list.matchAll(/"([^"]+)"/g)].map(([, part]) => part!)

  it("is bundled with files that are there", () => {
    expect(parts.length).toBeGreaterThan(10)
    // what the compiler of the project makes is not there before it ran
    const missing = parts.filter((part) => part !== "dist" && !existsSync(join(root, part)))
    expect(missing).toEqual([])
  })

  it("is bundled with all that its programs import", () => {
    const [seen, waiting] = [new Set<string>(), ["test/kernels/checkOnGpu.ts"]]
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      // types are stripped: what is imported as one is not read
      const imports = readFileSync(join(root, file), "utf8").matchAll(
        /^(?:import|export) (?!type )[^"]*?from "(\.[^"]+)"/gm,
      )
      for (const [, path] of imports) waiting.push(join(dirname(file), path!))
    }
    const bundled = (file: string) => parts.some((part) => `${file}/`.startsWith(`${part}/`))
    expect(seen.size).toBeGreaterThan(5)
    expect([...seen].filter((file) => !bundled(file))).toEqual([])
  })
})
