// Quality of service against load: a trace of real arrivals as GNN tasks, its clock scaled so that 1 is
// what the lanes can do, each task's deadline five times its time alone, simulated on `cpu-2`.
//   node bench/qosLoad.ts bench/workloads/azure.yaml [--limit N] [--seeds S,…] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { silentProgress } from "../src/cli/progress.ts"
import { taskTimes } from "../src/cli/report/statistics.ts"
import { simulateWorkload } from "../src/cli/simulate/simulateWorkload.ts"
import { readWorkload } from "../src/cli/workload/readWorkload.ts"
import type { Workload } from "../src/cli/workload/Workload.ts"
import { machines } from "../src/cost/MachineProfile.ts"
import type { RunReport } from "../src/model/RunReport.ts"
import type { PolicyName } from "../src/model/Snapshot.ts"
import { defaultJitter } from "../src/runtime/simulation.ts"

const machine = machines["cpu-2"]
const deadlineFactor = 5
const loads = [0.5, 0.8, 1, 1.2, 1.5]

const schedulers: ReadonlyArray<{
  readonly policy: PolicyName
  readonly admit: "all" | "deadline"
}> = [
  { policy: "slo", admit: "deadline" },
  { policy: "slo", admit: "all" },
  { policy: "edf", admit: "all" },
  { policy: "sjf", admit: "all" },
  { policy: "base", admit: "all" },
]

export interface LoadRow {
  /** Of the chance in run times. */
  readonly seed: number
  readonly policy: PolicyName
  readonly admit: "all" | "deadline"
  readonly load: number
  readonly tasks: number
  readonly refused: number
  /** Of the tasks that were taken. */
  readonly metRatio: number
  /** Tasks that met their deadline, per second of the trace. */
  readonly goodputPerSecond: number
  readonly meanResponseMs: number
}

export const simulate = (
  workload: Workload,
  {
    admit,
    jitter = defaultJitter,
    takesLate = false,
    policy,
    seed,
  }: (typeof schedulers)[number] & {
    readonly seed: number
    readonly jitter?: number
    readonly takesLate?: boolean
  },
): Promise<RunReport> => {
  const options = {
    machine,
    policy,
    admit,
    takesLate,
    tenants: workload.tenants,
    historyTasks: workload.tasks.length,
    opTimings: false,
    ...{ jitter, seed },
  }
  return Effect.runPromise(simulateWorkload(workload, options, silentProgress))
}

/** Run time alone of each kind (model and graph), once its graph is there, without chance. */
export const soloTimes = async (workload: Workload): Promise<ReadonlyMap<string, number>> => {
  const kinds = new Map(workload.tasks.map((task) => [`${task.model}|${task.graph}`, task]))
  const tasks = [...kinds.values()].flatMap((task, kind) =>
    [0, 1, 2].map((turn) => ({ ...task, id: `${kind}/${turn}`, atMs: 60_000 * (3 * kind + turn) })),
  )
  const solo = { ...workload, tasks }
  const report = await simulate(solo, { policy: "base", admit: "all", seed: 0, jitter: 0 })
  const warm = report.tasks.filter(({ id }) => id.endsWith("/2"))
  return new Map(warm.map((task) => [`${task.model}|${task.graph}`, taskTimes(task).runMs!]))
}

export const atLoad = (
  workload: Workload,
  solo: ReadonlyMap<string, number>,
  load: number,
): { readonly workload: Workload; readonly seconds: number } => {
  const soloOf = (task: Workload["tasks"][number]) => solo.get(`${task.model}|${task.graph}`)!
  const workMs = workload.tasks.reduce((sum, task) => sum + soloOf(task), 0)
  const spanMs = workload.tasks.reduce((last, { atMs }) => Math.max(last, atMs), 0)
  // At load 1 the lanes together are asked for exactly the time that passes.
  const stretch = workMs / machine.lanes / load / spanMs
  const tasks = workload.tasks.map((task) => ({
    ...task,
    atMs: task.atMs * stretch,
    deadlineMs: deadlineFactor * soloOf(task),
  }))
  return { workload: { ...workload, tasks }, seconds: (spanMs * stretch) / 1000 }
}

const rowOf = (
  report: RunReport,
  run: Pick<LoadRow, "admit" | "load" | "policy" | "seed">,
  seconds: number,
): LoadRow => {
  const taken = report.tasks.filter(({ status }) => status !== "rejected")
  const met = taken.filter((task) => taskTimes(task).qosMet === true).length
  const responses = taken.map((task) => taskTimes(task).responseMs ?? 0)
  return {
    ...run,
    tasks: report.tasks.length,
    refused: report.tasks.length - taken.length,
    metRatio: met / taken.length,
    goodputPerSecond: met / seconds,
    meanResponseMs: responses.reduce((sum, ms) => sum + ms, 0) / responses.length,
  }
}

export const qosLoad = async (
  file: string,
  { limit, seeds }: { readonly limit: number; readonly seeds: ReadonlyArray<number> },
): Promise<ReadonlyArray<LoadRow>> => {
  const whole = await Effect.runPromise(readWorkload(file, { allowOutside: true }))
  const workload = { ...whole, tasks: whole.tasks.slice(0, limit) }
  const solo = await soloTimes(workload)
  const rows: Array<LoadRow> = []
  for (const load of loads) {
    const scaled = atLoad(workload, solo, load)
    for (const scheduler of schedulers) {
      for (const seed of seeds) {
        const report = await simulate(scaled.workload, { ...scheduler, seed })
        rows.push(rowOf(report, { ...scheduler, load, seed }, scaled.seconds))
      }
    }
  }
  return rows
}

/** Rows that differ in the seed alone, together. */
const bySeeds = (rows: ReadonlyArray<LoadRow>): ReadonlyArray<ReadonlyArray<LoadRow>> => [
  ...Map.groupBy(rows, ({ admit, load, policy }) => `${load} ${policy} ${admit}`).values(),
]

const meanOf = (rows: ReadonlyArray<LoadRow>, figure: (row: LoadRow) => number): number =>
  rows.reduce((sum, row) => sum + figure(row), 0) / rows.length

const line = (rows: ReadonlyArray<LoadRow>): string => {
  const [{ admit, load, policy, tasks }] = rows as [LoadRow]
  const met = rows.map(({ metRatio }) => 100 * metRatio)
  const [least, most] = [Math.min(...met).toFixed(2), Math.max(...met).toFixed(2)]
  return [
    load.toFixed(1),
    `${policy}, admit ${admit}`.padEnd(20),
    `${meanOf(rows, ({ refused }) => refused).toFixed(0)} of ${tasks}`.padStart(16),
    `${least === most ? least : `${least}…${most}`} %`.padStart(15),
    meanOf(rows, ({ goodputPerSecond }) => goodputPerSecond)
      .toFixed(1)
      .padStart(8),
    `${meanOf(rows, ({ meanResponseMs }) => meanResponseMs).toFixed(1)} ms`.padStart(12),
  ].join("  ")
}

const main = async (): Promise<void> => {
  const options = {
    out: { type: "string" },
    limit: { type: "string", default: "20000" },
    seeds: { type: "string", default: "0" },
  } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [file] = positionals
  if (file === undefined)
    throw new Error("usage: qosLoad.ts WORKLOAD.yaml [--limit N] [--seeds S,…] [--out FILE]")
  const { limit, out, seeds } = values
  const rows = await qosLoad(file, {
    limit: Number(limit),
    seeds: seeds.split(",").map(Number),
  })
  console.log("load  scheduler  refused  met of those taken  met per second  mean response")
  for (const each of bySeeds(rows)) console.log(line(each))
  if (out !== undefined) {
    const command = `node bench/qosLoad.ts ${file} --limit ${limit} --seeds ${seeds} --out ${out}`
    const result = { simulated: true, profile: "cpu-2", deadlineFactor, command, rows }
    writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`)
  }
}

if (import.meta.main) await main()
