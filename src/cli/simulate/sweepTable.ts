// A sweep as a table: a row per combination, the columns that do not vary left out.
import { figureCells, figureColumns } from "../report/RunFigures.ts"
import { left, renderTable } from "../terminal.ts"
import type { SweepRow } from "./SweepPoint.ts"

const keyColumns = ["policy", "mode", "load", "lanes", "seed"] as const

export const sweepTable = (rows: ReadonlyArray<SweepRow>): string => {
  const varying = keyColumns.filter((key) => new Set(rows.map((row) => row[key])).size > 1)
  const keys = varying.length === 0 ? (["policy"] as const) : varying
  return renderTable(
    [...keys.map((key) => left(key)), ...figureColumns],
    rows.map((row) => [...keys.map((key) => String(row[key])), ...figureCells(row)]),
  )
}
