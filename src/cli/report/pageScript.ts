// The script of a page: the functions of its files, inlined by their source. They are ordinary
// TypeScript, checked and linted like the rest, and the page needs no bundler and no network.
import * as bars from "./page/bars.ts"
import * as kit from "./page/kit.ts"
import * as memory from "./page/memory.ts"
import * as overview from "./page/overview.ts"
import * as preemptions from "./page/preemptions.ts"
import * as scatter from "./page/scatter.ts"
import * as startPage from "./page/startPage.ts"
import * as table from "./page/table.ts"
import * as tables from "./page/tables.ts"
import * as theme from "./page/theme.ts"
import * as timeAxis from "./page/timeAxis.ts"
import * as timeline from "./page/timeline.ts"
import * as tips from "./page/tips.ts"
import * as lineChart from "./sweepPage/lineChart.ts"
import * as scales from "./sweepPage/scales.ts"
import * as series from "./sweepPage/series.ts"
import * as startSweep from "./sweepPage/startSweep.ts"

/** Type stripping leaves blanks behind: lines of nothing else need not travel. */
const tidy = (source: string): string => source.replace(/[ \t]+$/gm, "").replace(/\n{2,}/g, "\n")

/** Every function of the files by its name, unique over them, and a call of `start` with all. */
const scriptOf = (files: ReadonlyArray<object>, start: string): string => {
  const functions = files.flatMap((part) =>
    Object.entries(part).filter(([, value]) => typeof value === "function"),
  )
  const sources = functions.map(([, one]) => tidy(String(one)))
  const names = functions.map(([name]) => name).join(", ")
  return `"use strict";\n${sources.join("\n")}\n${start}({ ${names} });\n`
}

const reportFiles = [
  kit,
  theme,
  overview,
  timeAxis,
  bars,
  tips,
  timeline,
  memory,
  scatter,
  table,
  tables,
  preemptions,
  startPage,
]

/** Of report.html. */
export const pageScript = (): string => scriptOf(reportFiles, "startPage")

/** Of sweep.html. */
export const sweepScript = (): string =>
  scriptOf([kit, theme, table, tables, scales, lineChart, series, startSweep], "startSweep")
