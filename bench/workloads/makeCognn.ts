// Writes a workload of one of CoGNN's task lists (SC'22; columns model,graph,layers): hidden width
// 64, GAT with 8 heads of 8, all tasks at once. Each task's target is five times what it takes alone
// on the V100 profile, uploads included; CoGNN's lists have none.
//   node bench/workloads/makeCognn.ts LIST.csv bench/workloads
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { machines } from "../../src/cost/MachineProfile.ts"
import { planTask } from "../../src/cost/planTask.ts"
import type { GraphShape } from "../../src/model/Graph.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"
import { presetShape } from "../../src/prep/presets/presetShape.ts"

const machine = machines["v100-32g"]
const targetFactor = 5
const outWidth = 16

export const configOf = (
  architecture: string,
  layers: number,
  hidden: number,
  shape: GraphShape,
) => ({
  architecture,
  in_channels: shape.featureWidth,
  hidden_channels: hidden,
  num_layers: layers,
  out_channels: outWidth,
  ...(architecture === "GAT" ? { heads: 8 } : {}),
})

export const planOf = (config: Readonly<Record<string, unknown>>, shape: GraphShape): Plan => {
  const planned = planTask({
    config: parseGnnConfig(config, "cognn"),
    shape,
    targets: null,
    alignBytes: machine.alignBytes,
    profile: machine.lane,
  })
  if (planned._tag === "Failure") throw planned.failure
  return planned.success
}

export const loadMs = (bytes: number): number => (1000 * bytes) / machine.hostBytesPerSecond

const soloMs = ({ predictedMs, residentBytes }: Plan): number => predictedMs + loadMs(residentBytes)

export const rowsOf = (csv: string): ReadonlyArray<readonly [string, string, string]> =>
  readFileSync(csv, "utf8")
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((row) => row.split(",") as [string, string, string])

export const shapeOf = (preset: string): GraphShape =>
  presetShape({ kind: "preset", preset, seed: 1, scale: 1 })

/** The path of the workload file that it writes; CoGNN's networks are 64 wide, GNNSched's 256. */
export const writeCognn = (csv: string, folder: string, hidden = 64): string => {
  mkdirSync(join(folder, "models"), { recursive: true })
  const graphs = new Set<string>()
  const models = new Set<string>()
  const tasks = rowsOf(csv).map(([architecture, preset, layers], index) => {
    const shape = shapeOf(preset)
    const config = configOf(architecture, Number(layers), hidden, shape)
    const model = `${architecture.toLowerCase()}-${shape.featureWidth}-${layers}-${hidden}`
    writeFileSync(join(folder, "models", `${model}.json`), `${JSON.stringify(config, null, 2)}\n`)
    graphs.add(preset)
    models.add(model)
    const deadline = Math.ceil(targetFactor * soloMs(planOf(config, shape)))
    const id = `${String(index).padStart(2, "0")}-${architecture}-${preset}`
    return `  - { id: ${id}, model: ${model}, graph: ${preset}, deadline: ${deadline}ms }`
  })
  const lines = [
    `# ${basename(csv)}: a task list of CoGNN's evaluation, made by makeCognn.ts from it.`,
    "graphs:",
    ...[...graphs].map((preset) => `  ${preset}: { preset: ${preset}, seed: 1 }`),
    "models:",
    ...[...models].map(
      (model) => `  ${model}: { config: models/${model}.json, weights: { seed: 1 } }`,
    ),
    "tasks:",
    ...tasks,
  ]
  const name = basename(csv).replace(/\.csv$/, ".yaml")
  const path = join(folder, name)
  writeFileSync(path, `${lines.join("\n")}\n`)
  return path
}

if (import.meta.main) {
  const [csv, folder] = process.argv.slice(2)
  if (csv === undefined || folder === undefined)
    throw new Error("usage: makeCognn.ts LIST.csv FOLDER")
  writeCognn(csv, folder)
}
