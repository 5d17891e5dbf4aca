// `gnnsched run` from end to end on the reference device: files written, statuses, refusals.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ReportJson } from "../../src/cli/report/reportJson.ts"
import { bytesSource } from "../../src/prep/byteSource.ts"
import { readNpyHeader } from "../../src/prep/npyHeader.ts"
import { gnnsched } from "./gnnsched.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-run-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const schema = JSON.parse(
  readFileSync(new URL("../../docs/report.schema.json", import.meta.url), "utf8"),
)
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)

const head = `graphs:
  small: { preset: cora, seed: 1, scale: 0.05 }
  molecules: { preset: PROTEINS_full, scale: 0.01 }
models:
  gcn: { config: gcn.json, weights: { seed: 1 } }
  gin: { config: gin.json, weights: { seed: 2 } }
tenants: { a: { weight: 2 }, b: {} }
`

const tasks = `tasks:
  - { id: all, tenant: a, model: gcn, graph: small, count: 3, every: 2ms, deadline: 1m }
  - { id: some/rows, tenant: b, model: gcn, graph: small, nodes: [4, 0, 4] }
  - { id: pooled, tenant: b, model: gin, graph: molecules }
`

const configs = {
  "gcn.json": {
    architecture: "GCN",
    in_channels: 1433,
    hidden_channels: 8,
    num_layers: 2,
    out_channels: 3,
  },
  "gin.json": {
    architecture: "GIN",
    in_channels: 29,
    hidden_channels: 8,
    num_layers: 2,
    out_channels: 2,
    pooling: "mean",
  },
  "wrong.json": {
    architecture: "GCN",
    in_channels: 77,
    hidden_channels: 8,
    num_layers: 2,
    out_channels: 3,
  },
}

beforeAll(() => {
  for (const [name, config] of Object.entries(configs)) {
    writeFileSync(join(folder, name), JSON.stringify(config))
  }
})

const run = async (name: string, text: string, ...flags: ReadonlyArray<string>) => {
  const file = join(folder, `${name}.yaml`)
  const out = join(folder, name)
  writeFileSync(file, text)
  const args = ["run", file, "--device", "reference", "--out", out, ...flags]
  const result = await gnnsched(args)
  const read = (path: string) => readFileSync(join(out, path), "utf8")
  return { ...result, out, read }
}

const reportOf = (text: string): ReportJson => {
  const report = JSON.parse(text)
  validate(report)
  expect(validate.errors ?? []).toEqual([])
  return report
}

const npyShape = (file: string): ReadonlyArray<number> =>
  readNpyHeader(bytesSource(readFileSync(file), file)).shape

describe("a run", () => {
  it("completes, ends with 0 and writes outputs, report, trace and page", async () => {
    const { status, stdout, stderr, out, read } = await run("good", head + tasks)
    expect(stderr).toMatch(/5 of 5 tasks ended/)
    expect(status).toBe(0)
    expect(stdout).toContain("5 of 5 tasks completed")
    expect(stdout).toContain(`${out}/report.html`)
    const report = reportOf(read("report.json"))
    expect(report.tasks.map(({ id }) => id)).toEqual([
      "all/0",
      "all/1",
      "all/2",
      "some/rows",
      "pooled",
    ])
    for (const task of report.tasks) {
      expect(task.status).toBe("completed")
      expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
    }
    expect(report.tasks[0]).toMatchObject({ model: "gcn", graph: "small", qosMet: true })
    expect(readdirSync(join(out, "outputs")).sort()).toEqual([
      "all_0.npy",
      "all_1.npy",
      "all_2.npy",
      "pooled.npy",
      "some_rows.npy",
    ])
    expect(npyShape(join(out, "outputs/some_rows.npy"))).toEqual([3, 3])
    expect(npyShape(join(out, "outputs/pooled.npy"))).toEqual([11, 2])
    expect(JSON.parse(read("trace.json")).traceEvents.length).toBeGreaterThan(10)
    expect(read("report.html")).toContain("run-data")
  })

  it("answers tasks for the same by one run, unless each is to have its own", async () => {
    const same = `tasks:
  - { id: same, tenant: a, model: gcn, graph: small, count: 6 }
  - { id: own, tenant: a, model: gcn, graph: small, share: false }
`
    const outputsOf = (out: string) =>
      readdirSync(join(out, "outputs")).map((file) => readFileSync(join(out, "outputs", file)))
    const shared = await run("shared", head + same, "--lanes", "1")
    const leaders = reportOf(shared.read("report.json")).tasks.map((task) => task.sharedWith)
    expect(leaders.filter((leader) => leader !== null).length).toBeGreaterThan(0)
    expect(leaders.at(-1)).toBe(null)
    const apart = await run("apart", head + same, "--lanes", "1", "--no-share")
    const alone = reportOf(apart.read("report.json")).tasks.map((task) => task.sharedWith)
    expect(alone).toEqual(alone.map(() => null))
    expect(outputsOf(shared.out)).toEqual(outputsOf(apart.out))
  })

  it("gives the rows of a nodes task in the order asked, duplicates too", async () => {
    const { out } = await run("rows", head + tasks)
    const rows = (name: string) => {
      const bytes = readFileSync(join(out, "outputs", name))
      const { dataOffset, shape } = readNpyHeader(bytesSource(bytes, name))
      const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + dataOffset))
      const [count, width] = shape as [number, number]
      return Array.from({ length: count }, (_, row) => [
        ...values.subarray(row * width, (row + 1) * width),
      ])
    }
    const all = rows("all_0.npy")
    expect(rows("some_rows.npy")).toEqual([all[4], all[0], all[4]])
  })

  it("prints the report alone with --format json", async () => {
    const { status, stdout, stderr } = await run("json", head + tasks, "--format", "json")
    expect(status).toBe(0)
    expect(stderr).toBe("")
    expect(reportOf(stdout).tenants.map(({ id, tasks }) => [id, tasks])).toEqual([
      ["a", 3],
      ["b", 2],
    ])
  })

  it("runs a task larger than the device by a smaller plan, to the same result", async () => {
    const roomy = await run("roomy", head + tasks)
    const sizes = reportOf(roomy.read("report.json")).tasks.map((task) => task.predictedPeakBytes!)
    const budget = Math.max(...sizes) - 64
    const tight = await run("smaller", head + tasks, "--memory", String(budget))
    expect(tight.status).toBe(0)
    const report = reportOf(tight.read("report.json"))
    const plans = report.tasks.map(({ plan }) => plan)
    expect(new Set(plans).size).toBeGreaterThan(1)
    for (const task of report.tasks) {
      expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
      expect(task.predictedPeakBytes).toBeLessThanOrEqual(budget)
    }
    for (const name of readdirSync(join(roomy.out, "outputs"))) {
      const [same, got] = [roomy, tight].map(({ out }) => readFileSync(join(out, "outputs", name)))
      expect(got).toEqual(same)
    }
  })

  it("rejects a task that no plan fits with both numbers, runs the others, ends with 1", async () => {
    const sizes = reportOf((await run("sizes", head + tasks)).read("report.json")).tasks.map(
      (task) => task.predictedPeakBytes!,
    )
    // Enough for the smallest task, too little for the residents of the others.
    const budget = Math.min(...sizes)
    const flags = ["--memory", String(budget)]
    const { status, stdout, out, read } = await run("tight", head + tasks, ...flags)
    const report = reportOf(read("report.json"))
    const byStatus = (wanted: string) => report.tasks.filter(({ status }) => status === wanted)
    expect(byStatus("completed").length).toBeGreaterThan(0)
    expect(byStatus("rejected").length).toBeGreaterThan(0)
    for (const { reason, id } of byStatus("rejected")) {
      expect(reason).toMatchObject({ tag: "TooLarge", bytesBudget: budget })
      expect(reason!.bytesNeeded).toBeGreaterThan(budget)
      expect(existsSync(join(out, "outputs", `${id.replace("/", "_")}.npy`))).toBe(false)
    }
    expect(stdout).toMatch(/rejected: the task needs/)
    expect(status).toBe(1)
  })

  it("reports an injected failure of one task and completes the rest", async () => {
    const faults = join(folder, "faults.yaml")
    writeFileSync(faults, "faults: [{ kind: op, task: all/1, op: 0 }]")
    const { status, read } = await run("hurt", head + tasks, "--faults", faults)
    const report = reportOf(read("report.json"))
    const failed = report.tasks.filter((task) => task.status !== "completed")
    expect(failed.map(({ id, reason }) => [id, reason?.tag])).toEqual([["all/1", "OpFailed"]])
    expect(status).toBe(1)
  })
})

describe("a run that is interrupted", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s says how far it came, leaves nothing, ends with %i", async (name, code) => {
    const file = join(folder, "slow.yaml")
    const out = join(folder, "interrupted")
    writeFileSync(file, head + tasks.replace("every: 2ms", "every: 5m"))
    const args = ["run", file, "--device", "reference", "--out", out]
    // The first of `all`, and the two other entries; the next is five minutes away.
    const signal = { name, after: /3 of 5 tasks ended/ }
    const { status, stderr } = await gnnsched(args, { signal })
    expect(stderr).toMatch(/\ninterrupted: 3 of 5 tasks had ended; nothing was written\n$/)
    expect(status).toBe(code)
    expect(existsSync(out)).toBe(false)
  })
})

describe("a run that must not start", () => {
  it.each([
    ["node", tasks.replace("[4, 0, 4]", "[4, 135, 4]"), /nodes\[1\] is 135.*135 nodes/],
    [
      "readout",
      tasks.replace("graph: molecules }", "graph: molecules, nodes: [1] }"),
      /tasks\[2\].*readout/,
    ],
    [
      "width",
      tasks.replaceAll("model: gcn", "model: bad"),
      /tasks\[0\] \(model bad: .*wrong\.json, on graph small: preset cora\).*77/,
    ],
    ["weights", tasks.replaceAll("model: gcn", "model: bare"), /gcn\.safetensors cannot be read/],
  ])("ends with 2 and leaves nothing for a wrong %s", async (name, text, sentence) => {
    const models =
      name === "width"
        ? "  bad: { config: wrong.json, weights: { seed: 1 } }\ntenants:"
        : name === "weights"
          ? "  bare: gcn.json\ntenants:"
          : "tenants:"
    const { status, stderr, out } = await run(name, head.replace("tenants:", models) + text)
    expect(stderr).toMatch(sentence)
    expect(status).toBe(2)
    expect(existsSync(out)).toBe(false)
  })

  it("ends with 2 before it runs when a folder has the name of its report", async () => {
    mkdirSync(join(folder, "taken/report.json"), { recursive: true })
    const { status, stderr } = await run("taken", head + tasks)
    expect(stderr).toMatch(/report\.json cannot be written: it is a folder/)
    expect(stderr).not.toMatch(/tasks ended/)
    expect(status).toBe(2)
  })

  it("ends with 2 before it runs when it may not write where it should", async () => {
    writeFileSync(join(folder, "blocked"), "a file")
    const { status, stderr } = await run("blocked", head + tasks)
    expect(stderr).toMatch(/blocked cannot be written: it exists and is not a folder/)
    expect(status).toBe(2)
  })

  it("keeps the results of the last run when the next is refused", async () => {
    const kept = join(folder, "kept")
    mkdirSync(kept)
    writeFileSync(join(kept, "report.json"), "{}")
    const { status } = await run("kept", head + tasks.replace("count: 3", "count: -3"))
    expect(status).toBe(2)
    expect(readdirSync(kept)).toEqual(["report.json"])
  })
})
