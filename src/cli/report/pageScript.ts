// The script of report.html: the functions of page/, inlined by their source. They are ordinary
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
import * as timeAxis from "./page/timeAxis.ts"
import * as timeline from "./page/timeline.ts"
import * as tips from "./page/tips.ts"

const files: ReadonlyArray<object> = [
  kit,
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

/** Every function of the page by its name; a name must be unique over the files. */
const functions: ReadonlyMap<string, { toString(): string }> = new Map(
  files.flatMap((part) => Object.entries(part).filter(([, value]) => typeof value === "function")),
)

/** Type stripping leaves blanks behind: lines of nothing else need not travel. */
const tidy = (source: string): string => source.replace(/[ \t]+$/gm, "").replace(/\n{2,}/g, "\n")

export const pageScript = (): string => {
  const sources = [...functions.values()].map((one) => tidy(one.toString()))
  const parts = [...functions.keys()].join(", ")
  return `"use strict";\n${sources.join("\n")}\nstartPage({ ${parts} });\n`
}
