/// <reference lib="dom" />
// Runs in the browser: a sweep as series: what varies beside the load names a line, every load is a
// panel or a place on the axis.
import type { SweepOutcome } from "../../simulate/runSweep.ts"

/** What sweep.html embeds. */
export interface SweepPageData {
  readonly outcomes: ReadonlyArray<SweepOutcome>
  /** Loads that have a panel of their own. */
  readonly maxPanels: number
}

export interface Series {
  readonly index: number
  readonly name: string
  readonly color: string
  readonly dash: string
  /** By load, ascending. */
  readonly outcomes: ReadonlyArray<SweepOutcome>
}

export interface SweepSeries {
  readonly loads: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
}

/** More lines than this cannot be told apart. */
export function seriesLimit(): number {
  return 21
}

export function seriesName(outcome: SweepOutcome, varying: ReadonlyArray<string>): string {
  const { lanes, mode, policy, seed } = outcome.row
  const words: Readonly<Record<string, string>> = {
    policy,
    mode,
    lanes: `${lanes} ${lanes === 1 ? "lane" : "lanes"}`,
    seed: `seed ${seed}`,
  }
  return varying.map((key) => words[key]!).join(", ")
}

export function seriesOf(outcomes: ReadonlyArray<SweepOutcome>): SweepSeries {
  const keys = ["policy", "mode", "lanes", "seed"] as const
  const varying = keys.filter((key) => new Set(outcomes.map(({ row }) => row[key])).size > 1)
  const named = varying.length === 0 ? (["policy"] as const) : varying
  const byName = new Map<string, Array<SweepOutcome>>()
  for (const outcome of outcomes) {
    const name = seriesName(outcome, named)
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [outcome])
    else known.push(outcome)
  }
  // Okabe-Ito without black and with one more, as in report.html; dashes tell more apart.
  const palette = ["#3b82d0", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8f7fd6"]
  const dashes = ["", "6 4", "2 3"]
  const series = [...byName].slice(0, seriesLimit()).map(([name, own], index) => ({
    index,
    name,
    color: palette[index % palette.length]!,
    dash: dashes[Math.floor(index / palette.length)]!,
    outcomes: own.sort((a, b) => a.row.load - b.row.load),
  }))
  const loads = [...new Set(outcomes.map(({ row }) => row.load))].sort((a, b) => a - b)
  return { loads, series }
}
