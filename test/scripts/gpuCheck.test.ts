// The script of the offline bundle: its syntax, its steps, what it remembers. What the steps find is found
// by running it whole (`npm run bundle:offline`, then gpu-check.sh --emulated in an empty folder).
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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
      expect((await check("--only", "machine")).status).toBe(0)
      expect(summary().steps).toMatchObject([{ step: "machine", state, limit: 20 }])
    }
  })

  it("fails with a step that fails, and does that one again", async () => {
    // beside the script, where the bundle has its programs, there is nothing
    for (let time = 0; time < 2; time++) {
      expect((await check("--only", "doctor")).status).toBe(1)
      expect(summary().steps).toMatchObject([{ step: "doctor", state: "failed" }])
    }
  })

  it("says how it is used", async () => {
    const { status, output } = await check("--gpu")
    expect(status).toBe(2)
    expect(output).toContain("usage: gpu-check.sh")
  })

  it("is bundled with files that are there", () => {
    const bundle = readFileSync(join(root, "scripts/bundle-offline.mjs"), "utf8")
    const list = /const parts = \[([\s\S]*?)\]/.exec(bundle)![1]!
    const parts = [...list.matchAll(/"([^"]+)"/g)].map(([, part]) => part!)
    expect(parts.length).toBeGreaterThan(10)
    // what the compiler of the project makes is not there before it ran
    const missing = parts.filter((part) => part !== "dist" && !existsSync(join(root, part)))
    expect(missing).toEqual([])
  })
})
