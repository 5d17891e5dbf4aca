// What was recorded beside what came of its replay.
import {
  figureCells,
  figureColumns,
  figuresOf,
  type JudgedRun,
  type RunFigures,
} from "../report/RunFigures.ts"
import { left, renderTable, safeText } from "../terminal.ts"

export interface ComparedRun extends RunFigures {
  readonly policy: string
  readonly mode: string
  readonly device: string
  readonly lanes: number
}

export const comparedRun = (run: JudgedRun & { readonly policy: string }): ComparedRun => ({
  policy: run.policy,
  mode: run.mode,
  device: run.device.name,
  lanes: run.device.lanes,
  ...figuresOf(run),
})

const row = (name: string, run: ComparedRun): ReadonlyArray<string> => [
  name,
  safeText(run.policy),
  run.mode,
  `${safeText(run.device)}, ${run.lanes}`,
  ...figureCells(run),
]

export const comparisonTable = (recorded: ComparedRun, replayed: ComparedRun): string =>
  renderTable(
    [left(""), left("policy"), left("mode"), left("device, lanes"), ...figureColumns],
    [row("recorded", recorded), row("replayed", replayed)],
  )
