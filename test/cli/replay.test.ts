// A recorded run simulated again: the same run under the same conditions, another under others, and a
// report that cannot be replayed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeError } from "../../src/cli/describeError.ts"
import { silentProgress } from "../../src/cli/progress.ts"
import { recordedWorkload } from "../../src/cli/replay/recordedWorkload.ts"
import { readReport } from "../../src/cli/report/readReport.ts"
import { type ReportJson, reportJson } from "../../src/cli/report/reportJson.ts"
import { simulateWorkload } from "../../src/cli/simulate/simulateWorkload.ts"
import { readWorkload } from "../../src/cli/workload/readWorkload.ts"
import { machines } from "../../src/cost/MachineProfile.ts"
import { limits } from "../../src/model/limits.ts"
import { gnnsched } from "./gnnsched.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-replay-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const many = Array.from({ length: limits.maxReportedTargets + 1 }, (_, i) => i)

beforeAll(() => {
  const gcn = { architecture: "GCN", hidden_channels: 16, num_layers: 2, out_channels: 4 }
  writeFileSync(join(folder, "cora.json"), JSON.stringify({ ...gcn, in_channels: 1433 }))
  writeFileSync(join(folder, "artist.json"), JSON.stringify({ ...gcn, in_channels: 100 }))
  writeFileSync(
    join(folder, "w.yaml"),
    `graphs: { c: { preset: cora }, a: { preset: artist }, twin: { preset: cora } }
models:
  mc: { config: cora.json, weights: { seed: 1 } }
  ma: { config: artist.json, weights: { seed: 1 } }
tenants: { x: { weight: 2, quota: { tasks: 4 } }, y: {} }
tasks:
  - { id: heavy, tenant: y, model: ma, graph: a, count: 4, deadline: 1s, priority: 3 }
  - { id: light, tenant: x, model: mc, graph: c, at: 1us, count: 6, every: 100us, deadline: 10ms }
  - { id: twin, tenant: y, model: mc, graph: twin, at: 2ms }
  - { id: rows, tenant: y, model: mc, graph: c, nodes: [1, 5], at: 5ms }
  - { id: many, tenant: y, model: mc, graph: c, nodes: [${many.join(", ")}], at: 6ms }
`,
  )
})

const options = { machine: machines["cpu-2"], memoryBytes: 60e6, seed: 3 } as const

const record = async (): Promise<ReportJson> => {
  const workload = await Effect.runPromise(
    readWorkload(join(folder, "w.yaml"), { allowOutside: false }),
  )
  const { tenants } = workload
  const report = await Effect.runPromise(
    simulateWorkload(workload, { ...options, tenants }, silentProgress),
  )
  return reportJson(report)
}

const save = (name: string, report: object): string => {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(report))
  return file
}

const replayed = async (file: string): Promise<ReportJson> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const workload = yield* recordedWorkload(yield* readReport(file))
      const { tenants } = workload
      const report = yield* simulateWorkload(workload, { ...options, tenants }, silentProgress)
      return reportJson(report)
    }),
  )

/** All but the ids of what it was made of, and rows of which only the number is kept. */
const sameRun = ({ graphs: _, models: __, tasks, ...rest }: ReportJson) => ({
  ...rest,
  tasks: tasks.map(({ nodes: ___, ...task }) => task),
})

describe("a replay", () => {
  it("under the same conditions is the same run, byte for byte, and can itself be replayed", async () => {
    const recorded = await record()
    expect(recorded.tasks.some(({ status }) => status === "rejected")).toBe(true)
    expect(recorded.device.peakBytes).toBeGreaterThan(30e6)
    const again = await replayed(save("one.json", recorded))
    const third = await replayed(save("two.json", again))
    for (const report of [again, third]) expect(sameRun(report)).toEqual(sameRun(recorded))
    expect(again.tasks.find(({ id }) => id === "rows")!.nodes).toEqual([1, 5])
    // Two names of one graph were one object on the device, and are.
    expect(recorded.graphs.c!.id).toBe(recorded.graphs.twin!.id)
    expect(third.graphs.c!.id).toBe(third.graphs.twin!.id)
  })

  it("takes policy, lanes and memory as recorded, and others where they are given", async () => {
    const recorded = save("report.json", { ...(await record()), policy: "base" })
    const out = join(folder, "out")
    const flags = ["--quiet", "--seed", "3", "--out", out]
    const { status, stdout } = await gnnsched(["replay", folder, ...flags])
    // The quota refuses again what it had refused.
    expect(status).toBe(1)
    expect(stdout).toMatch(/\nrecorded +base +continuous +cpu-2, 2 /)
    expect(stdout).toMatch(/\nreplayed +base +continuous +cpu-2, 2 /)
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as ReportJson
    expect(report.device.budgetBytes).toBe(60e6)
    expect(report.policy).toBe("base")
    const json = ["--format", "json", "--policy", "sjf", "--profile", "v100-32g"]
    const other = await gnnsched(["replay", recorded, ...json])
    const { replayed: figures } = JSON.parse(other.stdout) as { replayed: Record<string, unknown> }
    expect(figures).toMatchObject({ policy: "sjf", device: "v100-32g", lanes: 4 })
  })

  it("takes all that changes what happens as recorded, and other settings where they are given", async () => {
    const settings = {
      precision: "fp16",
      admit: "deadline",
      lateTasks: "expire",
      shareWork: false,
      preempt: false,
      elastic: false,
      chance: { seed: 7, jitter: 0.2 },
    } as const
    const device = { ...(await record()).device, kind: "cuda" as const, name: "a GPU" }
    const recorded = save("settings.json", { ...(await record()), device, settings })
    const settingsOf = async (...flags: ReadonlyArray<string>) => {
      const out = join(folder, "settings")
      await gnnsched(["replay", recorded, "--quiet", "--out", out, ...flags])
      const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as ReportJson
      return report.settings
    }
    expect(await settingsOf()).toEqual(settings)
    const flags = ["--admit", "all", "--late", "run", "--share", "--preempt", "--seed", "1"]
    expect(await settingsOf(...flags, "--jitter", "0", "--profile", "cpu-2")).toEqual({
      precision: "fp32",
      admit: "all",
      lateTasks: "run",
      shareWork: true,
      preempt: true,
      elastic: false,
      chance: { seed: 1, jitter: 0 },
    })
  })

  it("of a report that has no settings takes those that the commands have by default", async () => {
    const { settings, ...old } = await record()
    expect(settings).toMatchObject({ shareWork: false, chance: { seed: 3, jitter: 0.05 } })
    const recorded = save("old.json", old)
    const out = join(folder, "old")
    await gnnsched(["replay", recorded, "--quiet", "--out", out])
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as ReportJson
    expect(report.settings).toMatchObject({ admit: "all", lateTasks: "run", shareWork: true })
    expect(report.tasks.some(({ sharedWith }) => sharedWith !== null)).toBe(true)
  })

  it("keeps a run of its own for a task that had asked for one", async () => {
    const report = await record()
    const tasks = report.tasks.map((task) => ({ ...task, share: false as const }))
    const workload = await Effect.runPromise(
      Effect.flatMap(readReport(save("alone.json", { ...report, tasks })), recordedWorkload),
    )
    expect(workload.tasks.every(({ share }) => share === false)).toBe(true)
  })

  it("is swept as a workload is", async () => {
    const file = save("swept.json", await record())
    const { stdout } = await gnnsched(["replay", file, "--sweep", "policy=base,slo load=1,2"])
    expect(stdout).toMatch(/policy +load .*\nbase +1 .*\nbase +2 .*\nslo +1 .*\nslo +2 /)
    expect(stdout).toMatch(/Recorded: policy slo, mean response [\d.]+ ms\./)
  })

  it.each<readonly [string, (report: ReportJson) => object, RegExp]>([
    [
      "names a graph that it lacks",
      (report) => ({ ...report, graphs: { a: report.graphs.a } }),
      /at tasks\[4\].graph: expected a graph of the report's graphs, found "c"/,
    ],
    [
      "has a shape that is none",
      (report) => ({ ...report, graphs: { ...report.graphs, c: { id: "c", numNodes: -1 } } }),
      /at graphs.c.numNodes: expected a count: a whole number from 0/,
    ],
  ])("is refused where the report %s", async (_, spoil, sentence) => {
    const file = save("bad.json", spoil(await record()))
    const result = await Effect.runPromise(
      Effect.result(Effect.flatMap(readReport(file), recordedWorkload)),
    )
    expect(Result.isFailure(result) && describeError(result.failure).what).toMatch(sentence)
  })

  it("needs a policy where the run had one of its own", async () => {
    const file = save("own.json", { ...(await record()), policy: "own" })
    const { status, stderr } = await gnnsched(["replay", file])
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /at policy: expected one of slo, .*; choose one with --policy, found "own"/,
    )
  })
})
