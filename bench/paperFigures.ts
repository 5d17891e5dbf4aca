// The papers' comparison in figures: `slo` in our continuous mode beside the policies as published.
import type { PolicyName, SchedulingMode } from "../src/model/Snapshot.ts"

export const published: ReadonlyArray<PolicyName> = ["base", "lmcf", "bmc", "sqtf", "bqt"]
export const ours: ReadonlyArray<PolicyName> = ["slo", "edf", "sjf", "priority", "fair"]

/** What is compared of a workload under one scheduler. */
export interface ComparedRow {
  readonly policy: string
  readonly mode: SchedulingMode
  readonly meanResponseMs: number | null
  readonly makespanMs: number
  readonly qosMetRatio: number | null
}

export interface Comparison<Row extends ComparedRow = ComparedRow> {
  readonly list: string
  readonly rows: ReadonlyArray<Row>
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
  /** Its mean as by default, pending tasks that ask for the same run once, over the best published mean. */
  readonly meanSharedOverPublished: number
}

const least = (rows: ReadonlyArray<ComparedRow>, of: (row: ComparedRow) => number | null): number =>
  Math.min(...rows.map((row) => of(row) ?? Number.POSITIVE_INFINITY))

/** `boundMs`: what no order has less than; `sharedMs`: the mean of `slo`, continuous, with shared work. */
export const compare = <Row extends ComparedRow>(
  list: string,
  rows: ReadonlyArray<Row>,
  { boundMs, sharedMs }: { readonly boundMs: number; readonly sharedMs: number },
): Comparison<Row> => {
  const find = (policy: string, mode: string) =>
    rows.find((row) => row.policy === policy && row.mode === mode)!
  const slo = find("slo", "continuous")
  const of = (wanted: SchedulingMode) =>
    rows.filter(({ mode, policy }) => mode === wanted && published.some((name) => name === policy))
  const mean = (row: ComparedRow) => row.meanResponseMs
  const makespan = (row: ComparedRow) => row.makespanMs
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
    meanSharedOverPublished: sharedMs / least(of("groups"), mean),
  }
}

export const heading =
  "slo, continuous, over base in groups | best published mean, its bound, makespan | refilled mean, makespan | shared | targets"

export const line = ({ list, metLessBest, rows: _, ...ratios }: Comparison): string => {
  const figures = Object.values(ratios).map((ratio) => ratio.toFixed(3).padStart(9))
  return [list.padEnd(16), ...figures, `${(100 * metLessBest).toFixed(0)} %`.padStart(6)].join("  ")
}
