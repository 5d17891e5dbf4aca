// `gnnsched simulate` from end to end: the report's form, the same bytes for the same seed, sweeps.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect, Result } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeError } from "../../src/cli/describeError.ts"
import type { ReportJson } from "../../src/cli/report/reportJson.ts"
import { parseSweep } from "../../src/cli/simulate/parseSweep.ts"
import type { SweepRow } from "../../src/cli/simulate/SweepPoint.ts"
import { gnnsched } from "./gnnsched.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-simulate-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const schema = JSON.parse(
  readFileSync(new URL("../../docs/report.schema.json", import.meta.url), "utf8"),
)
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)

beforeAll(() => {
  const gcn = { architecture: "GCN", hidden_channels: 16, num_layers: 2, out_channels: 4 }
  writeFileSync(join(folder, "cora.json"), JSON.stringify({ ...gcn, in_channels: 1433 }))
  writeFileSync(join(folder, "artist.json"), JSON.stringify({ ...gcn, in_channels: 100 }))
  writeFileSync(
    join(folder, "w.yaml"),
    `graphs: { c: { preset: cora }, a: { preset: artist } }
models:
  mc: { config: cora.json, weights: { seed: 1 } }
  ma: { config: artist.json, weights: { seed: 1 } }
tenants: { x: { weight: 2 }, y: {} }
tasks:
  - { id: heavy, tenant: y, model: ma, graph: a, count: 4, deadline: 1s }
  - { id: light, tenant: x, model: mc, graph: c, at: 1us, count: 6, every: 1ms, deadline: 10ms }
  - { id: rows, tenant: x, model: mc, graph: c, nodes: [1, 5], at: 5ms }
`,
  )
})

const simulate = (...flags: ReadonlyArray<string>) =>
  gnnsched(["simulate", join(folder, "w.yaml"), "--quiet", ...flags])

const urgentWorkload = `graphs: { c: { preset: cora }, a: { preset: artist } }
models:
  mc: { config: cora.json, weights: { seed: 1 } }
  deep: { config: deep.json, weights: { seed: 1 } }
tasks:
  - { id: heavy, model: deep, graph: a, count: 2, share: false }
  - { id: urgent, model: mc, graph: c, at: 200ms, deadline: 300ms }
`

describe("gnnsched simulate with a task that is urgent", () => {
  const runsOf = async (...flags: ReadonlyArray<string>) => {
    const deep = { architecture: "GCN", hidden_channels: 256, num_layers: 10, out_channels: 4 }
    writeFileSync(join(folder, "deep.json"), JSON.stringify({ ...deep, in_channels: 100 }))
    writeFileSync(join(folder, "urgent.yaml"), urgentWorkload)
    const out = join(folder, `urgent${flags.join("")}`)
    await gnnsched(["simulate", join(folder, "urgent.yaml"), "--quiet", "--out", out, ...flags])
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as ReportJson
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true)
    return report
  }

  it("stops a run for it, and the report says which and for whom", async () => {
    const report = await runsOf()
    const [stopped] = report.tasks.filter(({ runs }) => runs.length > 1)
    expect(stopped!.runs[0]).toMatchObject({ end: "preempted", preemptedBy: "urgent" })
    const decision = report.decisions.find(({ preempt }) => preempt !== undefined)
    expect(decision).toMatchObject({ preempt: [stopped!.id], blocked: { id: "urgent" } })
  })

  it("lets every run go to its end with --no-preempt", async () => {
    const report = await runsOf("--no-preempt")
    expect(report.tasks.map(({ runs }) => runs.length)).toEqual([1, 1, 1])
  })
})

describe("gnnsched simulate", () => {
  it("writes the report of a run, the same bytes for the same seed, and no outputs", async () => {
    const [one, two] = [join(folder, "one"), join(folder, "two")]
    const results = await Promise.all(
      [one, two].map((out) => simulate("--out", out, "--seed", "5")),
    )
    expect(results.map(({ status }) => status)).toEqual([0, 0])
    for (const file of ["report.json", "trace.json", "report.html"]) {
      expect(readFileSync(join(one, file)).equals(readFileSync(join(two, file)))).toBe(true)
    }
    expect(existsSync(join(one, "outputs"))).toBe(false)
    const report = JSON.parse(readFileSync(join(one, "report.json"), "utf8")) as ReportJson
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true)
    expect(report.device).toMatchObject({ kind: "sim", lanes: 2 })
    for (const task of report.tasks) {
      expect(task).toMatchObject({ status: "completed" })
      expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
    }
    expect(readFileSync(join(one, "report.html"), "utf8")).toContain("gnnsched simulate")
  })

  it("ends with status 1 where a task does not fit, and 2 where the input is wrong", async () => {
    const small = await simulate("--memory", "1MiB")
    expect(small.status).toBe(1)
    expect(small.stdout).toContain("rejected")
    const wrong = await simulate("--sweep", "police=base")
    expect(wrong.status).toBe(2)
    expect(wrong.stderr).toContain("policy, mode, load, lanes, seed")
    const unsafe = await simulate("--sweep", "policy=base,unsafe")
    expect(unsafe.status).toBe(2)
    expect(unsafe.stderr).toContain("--i-know")
  })

  it("sweeps over every combination and keeps the figures", async () => {
    const out = join(folder, "sweep")
    const flags = ["--sweep", "policy=base,sjf,edf,fair", "--sweep", "load=0.5,2", "--out", out]
    const { status, stdout } = await simulate(...flags, "--lanes", "1")
    expect(status).toBe(0)
    expect(stdout.split("\n").slice(0, 9).join("\n")).toMatch(/policy +load .*\nbase +0.5 /)
    expect(stdout).toContain(`HTML comparison: ${out}/sweep.html`)
    expect(readFileSync(join(out, "sweep.html"), "utf8")).toContain("gnnsched simulate --sweep")
    const { rows } = JSON.parse(readFileSync(join(out, "sweep.json"), "utf8")) as {
      readonly rows: ReadonlyArray<SweepRow>
    }
    expect(rows.map(({ policy, load }) => `${policy} ${load}`)).toEqual([
      "base 0.5",
      "base 2",
      "sjf 0.5",
      "sjf 2",
      "edf 0.5",
      "edf 2",
      "fair 0.5",
      "fair 2",
    ])
    const [base, sjf] = [rows[1]!, rows[3]!]
    // Light tasks wait behind heavy ones under base.
    expect(sjf.meanResponseMs!).toBeLessThan(base.meanResponseMs!)
    expect(sjf.qosMetRatio!).toBeGreaterThan(base.qosMetRatio!)
  })
})

const sweepOf = (...axes: ReadonlyArray<string>) => Effect.runSync(Effect.result(parseSweep(axes)))

describe("--sweep", () => {
  it("takes several keys in one text or in several", () => {
    const points = sweepOf("policy=base,sjf load=1", "seed=1,2")
    if (Result.isFailure(points)) throw new Error("refused")
    expect(points.success.map(({ policy, load, seed }) => [policy, load, seed])).toEqual([
      ["base", 1, 1],
      ["base", 1, 2],
      ["sjf", 1, 1],
      ["sjf", 1, 2],
    ])
  })

  it.each([
    ["policy=best", /policy= with slo, base, lmcf/],
    ["load=0", /numbers above 0/],
    ["load=fast", /numbers above 0/],
    ["lanes=0", /whole numbers from 1 to/],
    ["seed=1.5", /whole numbers of at least 0/],
    ["policy=base policy=sjf", /each key once, found policy twice/],
    ["policy", /policy= with/],
    [`seed=${Array.from({ length: 1001 }, (_, i) => i).join(",")}`, /at most 1000 combinations/],
  ])("refuses %s", (text, sentence) => {
    const points = sweepOf(text)
    expect(Result.isFailure(points) && describeError(points.failure).what).toMatch(sentence)
  })
})
