// Fairness, simulated on `cpu-2`: two tenants of weights 2 and 1 that both have always something waiting,
// and a tenant whose neighbour floods the queue instead of only using what is free; without targets, and
// under `slo` also where each task has a target, so many times its length.
//   node bench/fairness.ts [--seconds N] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Clock, Effect, type Scope } from "effect"
import { percentile, taskTimes } from "../src/cli/report/statistics.ts"
import { machines } from "../src/cost/MachineProfile.ts"
import type { RunReport } from "../src/model/RunReport.ts"
import type { PolicyName } from "../src/model/Snapshot.ts"
import type { TaskRecord } from "../src/model/Task.ts"
import type { GnnSchedService } from "../src/runtime/GnnSched.ts"
import { inVirtualTime } from "../src/runtime/inVirtualTime.ts"
import { openSimulation } from "../src/runtime/simulation.ts"
import { testRandom } from "../test/support/random.ts"
import { randomModel } from "../test/support/sources.ts"

const seed = 5
const machine = machines["cpu-2"]

interface Kind {
  readonly graph: string
  readonly model: string
  readonly runMs: number
  readonly deadlineMs: number | null
}

/** A policy, and how many times its length each task's target is; null: none has one. */
export interface Setting {
  readonly policy: PolicyName
  readonly targetFactor: number | null
}

const settings: ReadonlyArray<Setting> = [
  { policy: "slo", targetFactor: null },
  { policy: "slo", targetFactor: 5 },
  { policy: "slo", targetFactor: 50 },
  { policy: "fair", targetFactor: null },
  { policy: "sjf", targetFactor: null },
  { policy: "base", targetFactor: null },
]

type Scenario = (
  service: GnnSchedService,
  kinds: ReadonlyArray<Kind>,
) => Effect.Effect<void, never, Scope.Scope>

const sources = [
  { preset: "cora", width: 1433, layers: 2 },
  { preset: "pubmed", width: 500, layers: 2 },
  { preset: "PROTEINS_full", width: 29, layers: 3 },
] as const

const simulate = (
  { policy, targetFactor }: Setting,
  weights: Readonly<Record<string, number>>,
  scenario: Scenario,
): Promise<RunReport> =>
  Effect.gen(function* () {
    const service = yield* openSimulation({
      machine,
      policy,
      seed,
      tenants: Object.entries(weights).map(([id, weight]) => ({ id, weight })),
      historyTasks: 200_000,
      opTimings: false,
    })
    const kinds = yield* Effect.forEach(sources, ({ layers, preset, width }) =>
      Effect.gen(function* () {
        const graph = yield* service.loadGraph({ kind: "preset", preset, seed: 1, scale: 1 })
        const made = { architecture: "GCN", width, hidden: 64, layers, seed: 1 } as const
        const model = yield* service.loadModel(randomModel(made))
        const { predictedMs } = yield* service.estimate(graph.id, model.id, null)
        const deadlineMs = targetFactor === null ? null : targetFactor * predictedMs
        return { graph: graph.id, model: model.id, runMs: predictedMs, deadlineMs }
      }),
    )
    yield* scenario(service, kinds)
    return yield* service.report
  }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)

const submitterOf = (service: GnnSchedService) => {
  let next = 0
  return (tenant: string, { deadlineMs, graph, model }: Kind) =>
    Effect.orDie(
      service.submit({
        id: `${tenant}-${next++}`,
        tenant,
        graph,
        model,
        nodes: null,
        deadlineMs,
        priority: 0,
      }),
    )
}

/** Each end of a task of the tenant is followed by another, so that `depth` are always there. */
const saturate = (service: GnnSchedService, tenant: string, depth: number, kindOf: () => Kind) =>
  Effect.gen(function* () {
    const submit = submitterOf(service)
    const one = Effect.suspend(() => submit(tenant, kindOf())).pipe(
      Effect.flatMap(({ result }) => Effect.orDie(result)),
    )
    const chain = Effect.forever(one)
    yield* Effect.forkScoped(
      Effect.forEach(Array.from({ length: depth }), () => chain, {
        concurrency: "unbounded",
        discard: true,
      }),
    )
  })

/** Arrivals of a Poisson process that ask for `load` of all lanes. */
const arrive = (
  service: GnnSchedService,
  tenant: string,
  options: { readonly load: number; readonly untilMs: number; readonly seed: number },
  kinds: ReadonlyArray<Kind>,
) =>
  Effect.gen(function* () {
    const random = testRandom(options.seed)
    const submit = submitterOf(service)
    const meanMs = kinds.reduce((sum, { runMs }) => sum + runMs, 0) / kinds.length
    const gapMs = meanMs / machine.lanes / options.load
    while ((yield* Clock.currentTimeMillis) < options.untilMs) {
      yield* Effect.sleep(-gapMs * Math.log(1 - random.next()))
      yield* submit(tenant, kinds[random.int(kinds.length)]!)
    }
  })

const isOf =
  (tenant: string) =>
  (task: TaskRecord): boolean =>
    task.tenant === tenant && task.status === "completed"

const onLanesMs = (runs: TaskRecord["runs"]): number =>
  runs.reduce((sum, { endedAtMs, startedAtMs }) => sum + endedAtMs! - startedAtMs, 0)

/** Device time of the heavier tenant over that of the lighter; 2 is due. */
export const shareRatio = async (setting: Setting, seconds: number): Promise<number> => {
  const report = await simulate(setting, { two: 2, one: 1 }, (service, kinds) =>
    Effect.gen(function* () {
      const random = testRandom(seed)
      // One sends what is short, the other what is long: shares of time, not of tasks.
      yield* saturate(service, "two", 50, () => kinds[random.int(2)]!)
      yield* saturate(service, "one", 50, () => kinds[1 + random.int(2)]!)
      yield* Effect.sleep(1000 * seconds)
    }),
  )
  const timeOf = (tenant: string) =>
    report.tasks.filter(isOf(tenant)).reduce((sum, { runs }) => sum + onLanesMs(runs), 0)
  return timeOf("two") / timeOf("one")
}

const p99Of = (report: RunReport, tenant: string): number =>
  percentile(
    report.tasks.filter(isOf(tenant)).map((task) => taskTimes(task).responseMs!),
    99,
  )!

export interface FloodRow {
  /** Beside a neighbour that asks for a third of the device, as the victim does. */
  readonly calmP99Ms: number
  /** Beside one that keeps the lanes busy, and no queue. */
  readonly busyP99Ms: number
  /** Beside one with five hundred tasks in the queue at any time. */
  readonly floodP99Ms: number
}

export const flood = async (setting: Setting, seconds: number): Promise<FloodRow> => {
  const victim = { load: 0.33, untilMs: 1000 * seconds, seed }
  const beside = async (neighbour: Scenario) => {
    const report = await simulate(setting, {}, (service, kinds) =>
      Effect.andThen(neighbour(service, kinds), arrive(service, "victim", victim, kinds)),
    )
    return p99Of(report, "victim")
  }
  const keeping =
    (depth: number): Scenario =>
    (service, kinds) => {
      const random = testRandom(seed + 1)
      return saturate(service, "other", depth, () => kinds[random.int(kinds.length)]!)
    }
  return {
    calmP99Ms: await beside((service, kinds) =>
      Effect.asVoid(
        Effect.forkScoped(arrive(service, "other", { ...victim, seed: seed + 1 }, kinds)),
      ),
    ),
    busyP99Ms: await beside(keeping(machine.lanes)),
    floodP99Ms: await beside(keeping(500)),
  }
}

const nameOf = ({ policy, targetFactor }: Setting): string =>
  targetFactor === null ? policy : `${policy}, targets of ${targetFactor} lengths`

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { out: { type: "string" }, seconds: { type: "string", default: "20" } },
  })
  const seconds = Number(values.seconds)
  const rows = []
  for (const setting of settings) {
    const row = {
      ...setting,
      shareRatio: await shareRatio(setting, seconds),
      ...(await flood(setting, seconds)),
    }
    rows.push(row)
    const { busyP99Ms, calmP99Ms, floodP99Ms } = row
    console.log(
      `${nameOf(setting)}: device time ${row.shareRatio.toFixed(3)} to 1 (2 is due); the victim's p99 beside ` +
        `a calm neighbour ${calmP99Ms.toFixed(1)} ms, a busy one ${busyP99Ms.toFixed(1)} ms, in a ` +
        `flood ${floodP99Ms.toFixed(1)} ms: ${(100 * (floodP99Ms / calmP99Ms - 1)).toFixed(0)} % more than calm`,
    )
  }
  if (values.out === undefined) return
  const command = ["node", "bench/fairness.ts", ...process.argv.slice(2)].join(" ")
  const result = { simulated: true, profile: "cpu-2", seed, command, rows }
  writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`)
}

if (import.meta.main) await main()
