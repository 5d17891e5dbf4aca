// A sweep as a table: a row per combination, the columns that do not vary left out.
import { left, renderTable, right } from "../terminal.ts"
import { formatBytes, formatCount, formatMs, formatPercent } from "../units.ts"
import type { SweepRow } from "./SweepPoint.ts"

const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? "-" : format(value)

const keyColumns = ["policy", "mode", "load", "lanes", "seed"] as const

export const sweepTable = (rows: ReadonlyArray<SweepRow>): string => {
  const varying = keyColumns.filter((key) => new Set(rows.map((row) => row[key])).size > 1)
  const keys = varying.length === 0 ? (["policy"] as const) : varying
  return renderTable(
    [
      ...keys.map((key) => left(key)),
      right("completed"),
      right("mean response"),
      right("p50"),
      right("p99"),
      right("targets met"),
      right("makespan"),
      right("peak memory"),
    ],
    rows.map((row) => [
      ...keys.map((key) => String(row[key])),
      `${formatCount(row.completed)} of ${formatCount(row.tasks)}`,
      orDash(row.meanResponseMs, formatMs),
      orDash(row.p50ResponseMs, formatMs),
      orDash(row.p99ResponseMs, formatMs),
      orDash(row.qosMetRatio, formatPercent),
      formatMs(row.makespanMs),
      formatBytes(row.peakBytes),
    ]),
  )
}
