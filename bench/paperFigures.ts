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

type Figure = (row: ComparedRow) => number | null

const isPublished = ({ policy }: ComparedRow): boolean => published.some((name) => name === policy)

const rowOf = (rows: ReadonlyArray<ComparedRow>, policy: string, mode: SchedulingMode) =>
  rows.find((row) => row.policy === policy && row.mode === mode)!

export interface CompareOptions {
  /** What no order has less than. */
  readonly boundMs: number
  /** The mean of `slo`, continuous, with shared work. */
  readonly sharedMs: number
  /** Figures by which the best of the others is found; default: those that are compared. */
  readonly chosenBy?: ReadonlyArray<ComparedRow>
}

export const compare = <Row extends ComparedRow>(
  list: string,
  rows: ReadonlyArray<Row>,
  { boundMs, sharedMs, chosenBy = rows }: CompareOptions,
): Comparison<Row> => {
  const slo = rowOf(rows, "slo", "continuous")
  /** Of those that are asked for, the figure of the one that has the least. */
  const least = (isAsked: (row: ComparedRow) => boolean, of: Figure): number => {
    const sizeOf = (row: ComparedRow) => of(row) ?? Number.POSITIVE_INFINITY
    const [first] = chosenBy.filter(isAsked).toSorted((a, b) => sizeOf(a) - sizeOf(b))
    return sizeOf(rowOf(rows, first!.policy, first!.mode))
  }
  const of = (wanted: SchedulingMode) => (row: ComparedRow) =>
    row.mode === wanted && isPublished(row)
  const isOther = ({ policy }: ComparedRow) => policy !== "slo"
  const mean: Figure = (row) => row.meanResponseMs
  const makespan: Figure = (row) => row.makespanMs
  return {
    list,
    rows,
    meanOverBase: slo.meanResponseMs! / rowOf(rows, "base", "groups").meanResponseMs!,
    meanOverPublished: slo.meanResponseMs! / least(of("groups"), mean),
    boundOverPublished: boundMs / least(of("groups"), mean),
    makespanOverPublished: slo.makespanMs / least(of("groups"), makespan),
    meanOverRefilled: slo.meanResponseMs! / least(of("continuous"), mean),
    makespanOverRefilled: slo.makespanMs / least(of("continuous"), makespan),
    metLessBest: slo.qosMetRatio! + least(isOther, (row) => -row.qosMetRatio!),
    meanSharedOverPublished: sharedMs / least(of("groups"), mean),
  }
}

/** Of one round, in which every scheduler ran once. */
export interface Round {
  readonly rows: ReadonlyArray<ComparedRow>
  readonly sharedMs: number
}

const mean = (numbers: ReadonlyArray<number>): number =>
  numbers.reduce((sum, n) => sum + n, 0) / numbers.length

const meanRows = (rounds: ReadonlyArray<Round>): ReadonlyArray<ComparedRow> =>
  rounds[0]!.rows.map(({ mode, policy }) => {
    const of = (figure: Figure) =>
      mean(rounds.map(({ rows }) => figure(rowOf(rows, policy, mode))!))
    return {
      policy,
      mode,
      meanResponseMs: of((row) => row.meanResponseMs),
      makespanMs: of((row) => row.makespanMs),
      qosMetRatio: of((row) => row.qosMetRatio),
    }
  })

/**
 * The mean of all rounds. In each, the others are represented by the one that is best by the other rounds: where
 * figures vary, the best of many by their own figures is the luckiest of them.
 */
export const compareRounds = (
  list: string,
  rounds: ReadonlyArray<Round>,
  boundMs: number,
): Comparison => {
  const compared = rounds.map(({ rows, sharedMs }, i) => {
    const rest = rounds.length === 1 ? rounds : rounds.toSpliced(i, 1)
    return compare(list, rows, { boundMs, sharedMs, chosenBy: meanRows(rest) })
  })
  const of = (figure: (one: Comparison) => number) => mean(compared.map(figure))
  return {
    list,
    rows: meanRows(rounds),
    meanOverBase: of((one) => one.meanOverBase),
    meanOverPublished: of((one) => one.meanOverPublished),
    boundOverPublished: of((one) => one.boundOverPublished),
    makespanOverPublished: of((one) => one.makespanOverPublished),
    meanOverRefilled: of((one) => one.meanOverRefilled),
    makespanOverRefilled: of((one) => one.makespanOverRefilled),
    metLessBest: of((one) => one.metLessBest),
    meanSharedOverPublished: of((one) => one.meanSharedOverPublished),
  }
}

export const heading =
  "slo, continuous, over base in groups | best published mean, its bound, makespan | refilled mean, makespan | shared | targets"

export const line = ({ list, metLessBest, rows: _, ...ratios }: Comparison): string => {
  const figures = Object.values(ratios).map((ratio) => ratio.toFixed(3).padStart(9))
  return [list.padEnd(16), ...figures, `${(100 * metLessBest).toFixed(0)} %`.padStart(6)].join("  ")
}
