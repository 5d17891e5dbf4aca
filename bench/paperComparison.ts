// CoGNN's five task lists (SC'22) and GNNSched's networks and graphs (2024; 8 layers, 256 wide, each pair
// twice), under every policy, in groups and continuous, simulated on a V100 of 32 GB: is `slo` what it
// promises beside the published policies?
//   node bench/paperComparison.ts FOLDER_OF_LISTS [--out FILE]
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import type { SweepRow } from "../src/cli/simulate/SweepPoint.ts"
import type { PolicyName, SchedulingMode } from "../src/model/Snapshot.ts"
import { modes, pointsOf, simulateAll } from "./simulateAll.ts"
import { leastMeanMs } from "./workloads/leastMean.ts"
import { writeCognn } from "./workloads/makeCognn.ts"

const published: ReadonlyArray<PolicyName> = ["base", "lmcf", "bmc", "sqtf", "bqt"]
const ours: ReadonlyArray<PolicyName> = ["slo", "edf", "sjf", "priority", "fair"]

export interface Comparison {
  readonly list: string
  readonly rows: ReadonlyArray<SweepRow>
  /** `slo`, continuous, over `base` in groups; at most 0.5 is wanted. */
  readonly meanOverBase: number
  /** Over the least mean of a policy as published, in groups; at most 0.8 is wanted. */
  readonly meanOverPublished: number
  /** What no order whatever can go below, over the same: how near 0.8 it could come. */
  readonly boundOverPublished: number
  /** Over the least makespan of a policy as published; at most 1 is wanted. */
  readonly makespanOverPublished: number
  /** The same beside the published orders with our continuous refill, which no paper has. */
  readonly meanOverRefilled: number
  readonly makespanOverRefilled: number
  /** Targets met less the most that any other policy meets; at least 0 is wanted. */
  readonly metLessBest: number
}

const least = (rows: ReadonlyArray<SweepRow>, of: (row: SweepRow) => number | null): number =>
  Math.min(...rows.map((row) => of(row) ?? Number.POSITIVE_INFINITY))

export const compare = (
  list: string,
  rows: ReadonlyArray<SweepRow>,
  boundMs: number,
): Comparison => {
  const find = (policy: string, mode: string) =>
    rows.find((row) => row.policy === policy && row.mode === mode)!
  const slo = find("slo", "continuous")
  const of = (wanted: SchedulingMode) =>
    rows.filter(({ mode, policy }) => mode === wanted && published.some((name) => name === policy))
  const mean = (row: SweepRow) => row.meanResponseMs
  const makespan = (row: SweepRow) => row.makespanMs
  const others = rows.filter(({ policy }) => policy !== "slo")
  return {
    list,
    rows,
    meanOverBase: slo.meanResponseMs! / find("base", "groups").meanResponseMs!,
    meanOverPublished: slo.meanResponseMs! / least(of("groups"), mean),
    boundOverPublished: boundMs / least(of("groups"), mean),
    makespanOverPublished: slo.makespanMs / least(of("groups"), makespan),
    meanOverRefilled: slo.meanResponseMs! / least(of("continuous"), mean),
    makespanOverRefilled: slo.makespanMs / least(of("continuous"), makespan),
    metLessBest: slo.qosMetRatio! + least(others, (row) => -row.qosMetRatio!),
  }
}

export const compareList = async (csv: string, hidden?: number): Promise<Comparison> => {
  const folder = mkdtempSync(join(tmpdir(), "gnnsched-paper-"))
  try {
    const file = writeCognn(csv, folder, hidden)
    const rows = await simulateAll(
      file,
      pointsOf([...published, ...ours], [null], modes),
      "v100-32g",
    )
    return compare(basename(csv, ".csv"), rows, leastMeanMs(csv, hidden))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const line = ({ list, metLessBest, rows: _, ...ratios }: Comparison): string => {
  const figures = Object.values(ratios).map((ratio) => ratio.toFixed(3).padStart(9))
  return [list.padEnd(16), ...figures, `${(100 * metLessBest).toFixed(0)} %`.padStart(6)].join("  ")
}

const main = async (): Promise<void> => {
  const options = { out: { type: "string" } } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [folder] = positionals
  if (folder === undefined)
    throw new Error("usage: paperComparison.ts FOLDER_OF_LISTS [--out FILE]")
  const names = readdirSync(folder).filter((name) => name.endsWith(".csv"))
  const lists: ReadonlyArray<readonly [csv: string, hidden?: number]> = [
    ...names.toSorted().map((name) => [join(folder, name)] as const),
    [join(import.meta.dirname, "workloads/gnnsched.csv"), 256],
  ]
  console.log(
    "slo, continuous, over base in groups | best published mean, its bound, makespan | refilled mean, makespan | targets",
  )
  const all: Array<Comparison> = []
  for (const list of lists) {
    const comparison = await compareList(...list)
    all.push(comparison)
    console.log(line(comparison))
  }
  if (values.out !== undefined) {
    const command = `node bench/paperComparison.ts FOLDER --out ${values.out}`
    const result = { simulated: true, profile: "v100-32g", command, comparisons: all }
    writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`)
  }
}

if (import.meta.main) await main()
