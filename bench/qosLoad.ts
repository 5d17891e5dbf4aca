// Quality of service against load: a trace of real arrivals as GNN tasks, its clock scaled so that 1 is
// what the lanes can do, each task's deadline five times its time alone, simulated on `cpu-2`.
//   node bench/qosLoad.ts bench/workloads/azure.yaml [--limit N] [--out FILE]
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
    late = "run",
    policy,
  }: (typeof schedulers)[number] & { readonly late?: "run" | "expire" },
): Promise<RunReport> => {
  const options = {
    machine,
    policy,
    admit,
    lateTasks: late,
    tenants: workload.tenants,
    historyTasks: workload.tasks.length,
    opTimings: false,
    seed: 0,
  }
  return Effect.runPromise(simulateWorkload(workload, options, silentProgress))
}

/** Median run time alone of each kind (model and graph), once its graph is there. */
export const soloTimes = async (workload: Workload): Promise<ReadonlyMap<string, number>> => {
  const kinds = new Map(workload.tasks.map((task) => [`${task.model}|${task.graph}`, task]))
  const tasks = [...kinds.values()].flatMap((task, kind) =>
    [0, 1, 2].map((turn) => ({ ...task, id: `${kind}/${turn}`, atMs: 60_000 * (3 * kind + turn) })),
  )
  const report = await simulate({ ...workload, tasks }, { policy: "base", admit: "all" })
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
  scheduler: (typeof schedulers)[number],
  load: number,
  seconds: number,
): LoadRow => {
  const taken = report.tasks.filter(({ status }) => status !== "rejected")
  const met = taken.filter((task) => taskTimes(task).qosMet === true).length
  const responses = taken.map((task) => taskTimes(task).responseMs ?? 0)
  return {
    ...scheduler,
    load,
    tasks: report.tasks.length,
    refused: report.tasks.length - taken.length,
    metRatio: met / taken.length,
    goodputPerSecond: met / seconds,
    meanResponseMs: responses.reduce((sum, ms) => sum + ms, 0) / responses.length,
  }
}

export const qosLoad = async (file: string, limit: number): Promise<ReadonlyArray<LoadRow>> => {
  const whole = await Effect.runPromise(readWorkload(file, { allowOutside: true }))
  const workload = { ...whole, tasks: whole.tasks.slice(0, limit) }
  const solo = await soloTimes(workload)
  const rows: Array<LoadRow> = []
  for (const load of loads) {
    const scaled = atLoad(workload, solo, load)
    for (const scheduler of schedulers) {
      rows.push(rowOf(await simulate(scaled.workload, scheduler), scheduler, load, scaled.seconds))
    }
  }
  return rows
}

const line = (row: LoadRow): string =>
  [
    row.load.toFixed(1),
    `${row.policy}, admit ${row.admit}`.padEnd(20),
    `${row.refused} of ${row.tasks}`.padStart(16),
    `${(100 * row.metRatio).toFixed(2)} %`.padStart(9),
    row.goodputPerSecond.toFixed(1).padStart(8),
    `${row.meanResponseMs.toFixed(1)} ms`.padStart(12),
  ].join("  ")

const main = async (): Promise<void> => {
  const options = { out: { type: "string" }, limit: { type: "string", default: "20000" } } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [file] = positionals
  if (file === undefined)
    throw new Error("usage: qosLoad.ts WORKLOAD.yaml [--limit N] [--out FILE]")
  const rows = await qosLoad(file, Number(values.limit))
  console.log("load  scheduler  refused  met of those taken  met per second  mean response")
  for (const row of rows) console.log(line(row))
  if (values.out !== undefined) {
    const command = `node bench/qosLoad.ts ${file} --limit ${values.limit} --out ${values.out}`
    const result = { simulated: true, profile: "cpu-2", deadlineFactor, command, rows }
    writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`)
  }
}

if (import.meta.main) await main()
