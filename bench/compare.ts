// Turns results of bench/gpu/gpu_bench and bench/peers/pyg_speed.py into the README's tables and plots.
//   node bench/compare.ts RESULT.json… [--plots DIR]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import type { GpuResult } from "./compare/gpuResult.ts"
import { gpuPlots, gpuTables } from "./compare/gpuTables.ts"
import { markdown, type Table } from "./compare/markdown.ts"
import { type BarPlot, barPlot } from "./compare/plot.ts"
import { type PygResult, pygPlots, pygTables } from "./compare/pygTables.ts"

export interface Comparison {
  readonly tables: ReadonlyArray<Table>
  readonly plots: ReadonlyArray<BarPlot>
}

/** Throws for what neither bench wrote, and for times of a GPU in software, which has none. */
export const compare = (result: GpuResult | PygResult): Comparison => {
  switch (result.bench) {
    case "gpu":
      if (result.emulated) throw new Error("written by an emulated GPU: it has no times")
      return { tables: gpuTables(result), plots: gpuPlots(result) }
    case "pyg-speed":
      return { tables: pygTables(result), plots: pygPlots(result) }
    default:
      throw new Error("written by neither gpu_bench nor pyg_speed.py")
  }
}

const main = (): void => {
  const { positionals, values } = parseArgs({
    options: { plots: { type: "string" } },
    allowPositionals: true,
  })
  if (positionals.length === 0) throw new Error("usage: compare.ts RESULT.json… [--plots DIR]")
  for (const file of positionals) {
    const result = JSON.parse(readFileSync(file, "utf8"))
    const { plots, tables } = compare(result)
    console.log(`${basename(file)}, ${result.date}, \`${result.command}\`\n`)
    for (const table of tables) console.log(markdown(table))
    if (values.plots === undefined) continue
    mkdirSync(values.plots, { recursive: true })
    plots.forEach((plot, i) => {
      const svg = barPlot(plot)
      if (svg === null) return
      const name = `${basename(file, ".json")}-${i + 1}.svg`
      writeFileSync(join(values.plots!, name), svg)
    })
  }
}

if (import.meta.main) main()
