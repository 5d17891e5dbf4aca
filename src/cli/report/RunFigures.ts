// The figures by which a scheduler is judged, of a whole run, and their columns in a table.
import type { SchedulingMode } from "../../model/Snapshot.ts"
import { right, type TableColumn } from "../terminal.ts"
import { formatBytes, formatCount, formatMs, formatPercent } from "../units.ts"
import {
  makespanMs,
  type TenantStatistics,
  type TimedTask,
  tenantStatistics,
} from "./statistics.ts"

export interface RunFigures extends Omit<TenantStatistics, "id"> {
  readonly makespanMs: number
  readonly peakBytes: number
}

/** A run of any kind: of the runtime's own report, or of one that was read again. */
export interface JudgedRun {
  readonly mode: SchedulingMode
  readonly device: { readonly name: string; readonly lanes: number; readonly peakBytes: number }
  readonly tasks: ReadonlyArray<TimedTask>
}

export const figuresOf = ({ device, tasks }: JudgedRun): RunFigures => {
  const { id: _, ...statistics } = tenantStatistics("all", tasks)
  return { ...statistics, makespanMs: makespanMs(tasks), peakBytes: device.peakBytes }
}

const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? "-" : format(value)

export const figureColumns: ReadonlyArray<TableColumn> = [
  right("completed"),
  right("mean response"),
  right("p50"),
  right("p99"),
  right("targets met"),
  right("makespan"),
  right("peak memory"),
]

export const figureCells = (figures: RunFigures): ReadonlyArray<string> => [
  `${formatCount(figures.completed)} of ${formatCount(figures.tasks)}`,
  orDash(figures.meanResponseMs, formatMs),
  orDash(figures.p50ResponseMs, formatMs),
  orDash(figures.p99ResponseMs, formatMs),
  orDash(figures.qosMetRatio, formatPercent),
  formatMs(figures.makespanMs),
  formatBytes(figures.peakBytes),
]
