// What was recorded beside what came of its replay, in the figures that a scheduler is judged by.
import { makespanMs, type TimedTask, tenantStatistics } from "../report/statistics.ts"
import { left, renderTable, right } from "../terminal.ts"
import { formatBytes, formatCount, formatMs, formatPercent } from "../units.ts"

export interface RunFigures {
  readonly policy: string
  readonly mode: string
  readonly device: string
  readonly lanes: number
  readonly tasks: number
  readonly completed: number
  /** Of completed tasks; null where there is none. */
  readonly meanResponseMs: number | null
  readonly p50ResponseMs: number | null
  readonly p99ResponseMs: number | null
  /** Of tasks that had a target. */
  readonly qosMetRatio: number | null
  readonly makespanMs: number
  readonly peakBytes: number
}

interface ComparedRun {
  readonly policy: string
  readonly mode: string
  readonly device: { readonly name: string; readonly lanes: number; readonly peakBytes: number }
  readonly tasks: ReadonlyArray<TimedTask>
}

export const figuresOf = ({ device, mode, policy, tasks }: ComparedRun): RunFigures => {
  const { id: _, ...statistics } = tenantStatistics("all", tasks)
  return {
    policy,
    mode,
    device: device.name,
    lanes: device.lanes,
    ...statistics,
    makespanMs: makespanMs(tasks),
    peakBytes: device.peakBytes,
  }
}

const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? "-" : format(value)

const row = (name: string, figures: RunFigures): ReadonlyArray<string> => [
  name,
  figures.policy,
  figures.mode,
  `${figures.device}, ${figures.lanes}`,
  `${formatCount(figures.completed)} of ${formatCount(figures.tasks)}`,
  orDash(figures.meanResponseMs, formatMs),
  orDash(figures.p50ResponseMs, formatMs),
  orDash(figures.p99ResponseMs, formatMs),
  orDash(figures.qosMetRatio, formatPercent),
  formatMs(figures.makespanMs),
  formatBytes(figures.peakBytes),
]

export const comparisonTable = (recorded: RunFigures, replayed: RunFigures): string =>
  renderTable(
    [
      left(""),
      left("policy"),
      left("mode"),
      left("device, lanes"),
      right("completed"),
      right("mean response"),
      right("p50"),
      right("p99"),
      right("targets met"),
      right("makespan"),
      right("peak memory"),
    ],
    [row("recorded", recorded), row("replayed", replayed)],
  )
