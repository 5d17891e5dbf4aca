// Is the simulation true? One workload, made from a seed, is run for real on the cpu device and
// simulated with a profile fitted here, under several policies: mean response time and makespan side
// by side, and whether the policies rank alike. One command, JSON out; the machine should be idle.
//   node bench/simulation-agreement.ts [--out FILE] [--profile FILE] [--repeats N] [--tasks N]
import { mkdirSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { dirname } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { calibrateDevice } from "../src/cli/calibrate/calibrateDevice.ts"
import { median } from "../src/cli/calibrate/measurePlan.ts"
import { loadWorkload } from "../src/cli/loadWorkload.ts"
import { silentProgress } from "../src/cli/progress.ts"
import { loaderOf, runLoaded } from "../src/cli/runWorkload.ts"
import { simulateWorkload } from "../src/cli/simulate/simulateWorkload.ts"
import type { Workload, WorkloadTask } from "../src/cli/workload/Workload.ts"
import type { MachineProfile } from "../src/cost/MachineProfile.ts"
import { openCpuDevice } from "../src/device/native/cpuDevice.ts"
import type { ModelSource } from "../src/model/GnnModel.ts"
import type { GraphSource } from "../src/model/Graph.ts"
import type { RunReport } from "../src/model/RunReport.ts"
import type { PolicyName } from "../src/model/Snapshot.ts"
import { Runtime } from "../src/runtime/Runtime.ts"
import { readProfileFile } from "../src/runtime/readProfileFile.ts"
import { testRandom } from "../test/support/random.ts"

const { values: flags } = parseArgs({
  options: {
    out: { type: "string" },
    profile: { type: "string" },
    repeats: { type: "string", default: "3" },
    tasks: { type: "string", default: "120" },
  },
})

const seed = 21
const policies: ReadonlyArray<PolicyName> = ["base", "lmcf", "bmc", "sjf", "sequential"]
const memoryBytes = 96 * 2 ** 20
const lanes = 2

const graphs: ReadonlyArray<readonly [preset: string, scale: number, width: number]> = [
  ["cora", 1, 1433],
  ["pubmed", 1, 500],
  ["artist", 0.2, 100],
  ["amazon0601", 0.1, 96],
  ["PROTEINS_full", 1, 29],
  ["ogbn-arxiv", 0.1, 128],
]
const architectures = ["GCN", "GraphSAGE", "GAT", "GIN"] as const

/** All submitted within a second or so: a queue builds up, and the order matters. */
const makeWorkload = (count: number): Workload => {
  const random = testRandom(seed)
  const models = new Map<string, ModelSource>()
  const sources = new Map<string, GraphSource>()
  const tasks: Array<WorkloadTask> = []
  let atMs = 0
  for (let i = 0; i < count; i++) {
    const [preset, scale, width] = graphs[random.int(graphs.length)]!
    const architecture = architectures[random.int(4)]!
    const layers = 2 + random.int(5)
    const model = `${architecture}-${layers}-${width}`
    sources.set(preset, { kind: "preset", preset, seed: 3, scale })
    models.set(model, {
      kind: "arrays",
      name: model,
      config: {
        architecture,
        in_channels: width,
        hidden_channels: 64,
        out_channels: 8,
        num_layers: layers,
        ...(architecture === "GAT" ? { heads: 4 } : {}),
      },
      weights: { seed: 1 },
    })
    atMs += -4 * Math.log(1 - random.next())
    tasks.push({
      id: `t${i}`,
      tenant: "all",
      graph: preset,
      model,
      nodes: null,
      deadlineMs: null,
      priority: 0,
      share: false,
      atMs,
      entry: i,
      place: `tasks[${i}]`,
    })
  }
  return { file: "made", graphs: sources, models, tenants: [], tasks }
}

interface Figures {
  readonly meanResponseMs: number
  readonly makespanMs: number
  readonly meanRunMs: number
}

const figuresOf = ({ tasks }: RunReport): Figures => {
  const failed = tasks.find(({ status }) => status !== "completed")
  if (failed !== undefined) throw new Error(`${failed.id} ended ${failed.status}`)
  const mean = (of: (task: RunReport["tasks"][number]) => number) =>
    tasks.reduce((sum, task) => sum + of(task), 0) / tasks.length
  const first = Math.min(...tasks.map(({ submittedAtMs }) => submittedAtMs))
  const last = Math.max(...tasks.map(({ finishedAtMs }) => finishedAtMs!))
  return {
    meanResponseMs: mean((task) => task.finishedAtMs! - task.submittedAtMs),
    makespanMs: last - first,
    meanRunMs: mean((task) => task.finishedAtMs! - task.startedAtMs!),
  }
}

const runFor = (workload: Workload, policy: PolicyName, profile: MachineProfile) =>
  Effect.scoped(
    Effect.gen(function* () {
      const runtime = yield* Effect.acquireRelease(
        Effect.promise(() => Runtime.open({ policy, memoryBytes, lanes, profile: profile.lane })),
        (open) => Effect.promise(() => open.close()),
      )
      const loaded = yield* loadWorkload(loaderOf(runtime), workload, silentProgress)
      return figuresOf(yield* runLoaded(runtime, loaded, null, silentProgress))
    }),
  )

const machineProfile =
  flags.profile === undefined
    ? Effect.scoped(
        Effect.gen(function* () {
          const device = yield* openCpuDevice({ lanes, memoryBytes: 2 ** 31 })
          return (yield* calibrateDevice(device, { runs: 3, progress: silentProgress })).machine
        }),
      )
    : readProfileFile(flags.profile)

const medianOf = (all: ReadonlyArray<Figures>): Figures => ({
  meanResponseMs: median(all.map((one) => one.meanResponseMs)),
  makespanMs: median(all.map((one) => one.makespanMs)),
  meanRunMs: median(all.map((one) => one.meanRunMs)),
})

interface Row {
  readonly policy: PolicyName
  readonly real: Figures
  readonly simulated: Figures
  readonly responseError: number
  readonly makespanError: number
  readonly runError: number
}

const ranking = (rows: ReadonlyArray<{ readonly policy: string; readonly ms: number }>) =>
  rows.toSorted((a, b) => a.ms - b.ms).map(({ policy }) => policy)

const compare = Effect.gen(function* () {
  const machine = yield* machineProfile
  const workload = makeWorkload(Number(flags.tasks))
  const rows: Array<Row> = []
  for (const policy of policies) {
    const all: Array<Figures> = []
    for (let i = 0; i < Number(flags.repeats); i++)
      all.push(yield* runFor(workload, policy, machine))
    const real = medianOf(all)
    const options = { policy, memoryBytes, lanes, machine, jitter: 0, seed: 0 }
    const simulated = figuresOf(yield* simulateWorkload(workload, options, silentProgress))
    rows.push({
      policy,
      real,
      simulated,
      responseError: simulated.meanResponseMs / real.meanResponseMs - 1,
      makespanError: simulated.makespanMs / real.makespanMs - 1,
      runError: simulated.meanRunMs / real.meanRunMs - 1,
    })
  }
  const order = (of: (row: Row) => number) =>
    ranking(rows.map((row) => ({ policy: row.policy, ms: of(row) })))
  return {
    rows,
    realOrder: order((row) => row.real.meanResponseMs),
    simulatedOrder: order((row) => row.simulated.meanResponseMs),
  }
})

const result = await Effect.runPromise(compare)
for (const { policy, real, simulated, ...errors } of result.rows) {
  const text = Object.entries(errors).map(([key, e]) => `${key} ${(100 * e).toFixed(1)} %`)
  console.log(
    `${policy}: response ${real.meanResponseMs.toFixed(0)} ms real, ` +
      `${simulated.meanResponseMs.toFixed(0)} simulated; makespan ${real.makespanMs.toFixed(0)}, ` +
      `${simulated.makespanMs.toFixed(0)}; ${text.join(", ")}`,
  )
}
console.log(`real order ${result.realOrder}; simulated ${result.simulatedOrder}`)
if (flags.out !== undefined) {
  mkdirSync(dirname(flags.out), { recursive: true })
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() }
  const command = ["node", "bench/simulation-agreement.ts", ...process.argv.slice(2)].join(" ")
  const report = { machine, command, date: new Date().toISOString(), seed, ...result }
  writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
}
