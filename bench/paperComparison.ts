// CoGNN's five task lists (SC'22) and GNNSched's networks and graphs (2024; 8 layers, 256 wide, each pair
// twice), under every policy, in groups and continuous, simulated on a V100 of 32 GB: is `slo` what it
// promises beside the published policies?
//   node bench/paperComparison.ts FOLDER_OF_LISTS [--out FILE]
// With --real on the cpu device of this machine instead, on smaller graphs, each beside its simulation:
//   node bench/paperComparison.ts FOLDER_OF_LISTS --real [--profile FILE] [--repeats N] [--out FILE]
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { silentProgress } from "../src/cli/progress.ts"
import { figuresOf } from "../src/cli/report/RunFigures.ts"
import type { SweepRow } from "../src/cli/simulate/SweepPoint.ts"
import { simulateWorkload } from "../src/cli/simulate/simulateWorkload.ts"
import { readWorkload } from "../src/cli/workload/readWorkload.ts"
import { machines } from "../src/cost/MachineProfile.ts"
import { type Comparison, compare, heading, line, ours, published } from "./paperFigures.ts"
import {
  compareForReal,
  lanes,
  memoryBytes,
  type RealComparison,
  reducedEdges,
  reducedFeatureBytes,
} from "./paperForReal.ts"
import { machineProfile, sharing, withoutTasks } from "./sideBySide.ts"
import { modes, pointsOf, simulateAll } from "./simulateAll.ts"
import { leastMeanMs } from "./workloads/leastMean.ts"
import { writeCognn } from "./workloads/makeCognn.ts"

/** Of `slo`, continuous, where pending tasks that ask for the same run once. */
const sharedMeanMs = (file: string): Promise<number> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const workload = yield* readWorkload(file, { allowOutside: true })
      const options = { ...sharing, machine: machines["v100-32g"], seed: 0 }
      const report = yield* simulateWorkload(workload, options, silentProgress)
      return figuresOf(report).meanResponseMs!
    }),
  )

export const compareList = async (csv: string, hidden = 64): Promise<Comparison<SweepRow>> => {
  const folder = mkdtempSync(join(tmpdir(), "gnnsched-paper-"))
  try {
    const file = writeCognn(csv, folder, { hidden })
    const rows = await simulateAll(
      file,
      pointsOf([...published, ...ours], [null], modes),
      "v100-32g",
    )
    const sharedMs = await sharedMeanMs(file)
    return compare(basename(csv, ".csv"), rows, { boundMs: leastMeanMs(csv, { hidden }), sharedMs })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface List {
  readonly csv: string
  readonly hidden: number
}

const simulateLists = async (lists: ReadonlyArray<List>): Promise<object> => {
  const comparisons: Array<Comparison> = []
  for (const { csv, hidden } of lists) {
    const comparison = await compareList(csv, hidden)
    comparisons.push(comparison)
    console.log(line(comparison))
  }
  return { simulated: true, profile: "v100-32g", comparisons }
}

interface RealFlags {
  readonly profile?: string | undefined
  readonly repeats: string
}

const runLists = async (lists: ReadonlyArray<List>, flags: RealFlags): Promise<object> => {
  const machine = await Effect.runPromise(machineProfile(flags.profile, lanes))
  const comparisons: Array<RealComparison> = []
  for (const { csv, hidden } of lists) {
    const one = await compareForReal(csv, hidden, machine, { repeats: Number(flags.repeats) })
    comparisons.push(one)
    console.log(`${line(one.real)}  for real`)
    console.log(`${line(one.paced)}  for real, at one pace`)
    console.log(`${line(one.simulated)}  simulated; swapped ${JSON.stringify(one.ranking.swapped)}`)
  }
  const { dispatchMs, name } = machine.lane
  const profile = { name, dispatchMs, host: machine.host }
  const cpu = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() }
  const scale = { reducedEdges, reducedFeatureBytes, memoryBytes, lanes }
  return { simulated: false, machine: cpu, profile, scale, comparisons }
}

const main = async (): Promise<void> => {
  const options = {
    out: { type: "string" },
    real: { type: "boolean", default: false },
    profile: { type: "string" },
    repeats: { type: "string", default: "3" },
  } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [folder] = positionals
  if (folder === undefined)
    throw new Error(
      "usage: paperComparison.ts FOLDER_OF_LISTS [--out FILE] [--real [--profile FILE] [--repeats N]]",
    )
  const names = readdirSync(folder).filter((name) => name.endsWith(".csv"))
  const lists: ReadonlyArray<List> = [
    ...names.toSorted().map((name) => ({ csv: join(folder, name), hidden: 64 })),
    { csv: join(import.meta.dirname, "workloads/gnnsched.csv"), hidden: 256 },
  ]
  console.log(heading)
  const result = await (values.real ? runLists(lists, values) : simulateLists(lists))
  if (values.out === undefined) return
  const flags = values.real ? `--real --repeats ${values.repeats} --out` : "--out"
  const command = `node bench/paperComparison.ts FOLDER ${flags} ${values.out}`
  const date = values.real ? { date: new Date().toISOString() } : {}
  writeFileSync(values.out, `${JSON.stringify({ command, ...date, ...result }, withoutTasks, 2)}\n`)
}

if (import.meta.main) await main()
