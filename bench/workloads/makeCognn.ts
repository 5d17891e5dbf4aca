// Writes a workload of one of CoGNN's task lists (SC'22; columns model,graph,layers): hidden width
// 64, GAT with 8 heads of 8, all tasks at once. Each task's target is five times what it takes alone
// on the V100 profile, uploads included; CoGNN's lists have none.
//   node bench/workloads/makeCognn.ts LIST.csv bench/workloads
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { type MachineProfile, machines } from "../../src/cost/MachineProfile.ts"
import { planTask } from "../../src/cost/planTask.ts"
import type { GraphShape } from "../../src/model/Graph.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"
import { presetShape } from "../../src/prep/presets/presetShape.ts"

const targetFactor = 5
const outWidth = 16

/** How a list becomes a workload: CoGNN's networks are 64 wide, GNNSched's 256. */
export interface ListOptions {
  readonly hidden?: number
  /** Whose times make the targets; default: the V100 profile. */
  readonly machine?: MachineProfile
  /** Share of a preset's published nodes and edges; default: all. */
  readonly scaleOf?: (preset: string) => number
}

export const filledIn = ({
  hidden = 64,
  machine = machines["v100-32g"],
  scaleOf = () => 1,
}: ListOptions): Required<ListOptions> => ({ hidden, machine, scaleOf })

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

export const planOf = (
  config: Readonly<Record<string, unknown>>,
  shape: GraphShape,
  machine: MachineProfile,
): Plan => {
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

export const loadMs = (bytes: number, { hostBytesPerSecond }: MachineProfile): number =>
  (1000 * bytes) / hostBytesPerSecond

/** What the runtime takes for a task that comes first of its kind, where the machine says so. */
const hostMs = ({ host, lane: { dispatchMs = 0 } }: MachineProfile): number =>
  host === undefined ? 0 : host.takeInMs + host.orderMs + host.makeMs + dispatchMs

const soloMs = ({ predictedMs, residentBytes }: Plan, machine: MachineProfile): number =>
  hostMs(machine) + predictedMs + loadMs(residentBytes, machine)

export const rowsOf = (csv: string): ReadonlyArray<readonly [string, string, string]> =>
  readFileSync(csv, "utf8")
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((row) => row.split(",") as [string, string, string])

export const shapeOf = (preset: string, scale: number): GraphShape =>
  presetShape({ kind: "preset", preset, seed: 1, scale })

/** The path of the workload file that it writes. */
export const writeCognn = (csv: string, folder: string, options: ListOptions = {}): string => {
  const { hidden, machine, scaleOf } = filledIn(options)
  mkdirSync(join(folder, "models"), { recursive: true })
  const graphs = new Set<string>()
  const models = new Set<string>()
  const tasks = rowsOf(csv).map(([architecture, preset, layers], index) => {
    const shape = shapeOf(preset, scaleOf(preset))
    const config = configOf(architecture, Number(layers), hidden, shape)
    const model = `${architecture.toLowerCase()}-${shape.featureWidth}-${layers}-${hidden}`
    writeFileSync(join(folder, "models", `${model}.json`), `${JSON.stringify(config, null, 2)}\n`)
    graphs.add(preset)
    models.add(model)
    const deadline = Math.ceil(targetFactor * soloMs(planOf(config, shape, machine), machine))
    const id = `${String(index).padStart(2, "0")}-${architecture}-${preset}`
    return `  - { id: ${id}, model: ${model}, graph: ${preset}, deadline: ${deadline}ms }`
  })
  const lines = [
    `# ${basename(csv)}: a task list of CoGNN's evaluation, made by makeCognn.ts from it.`,
    "graphs:",
    ...[...graphs].map((preset) => {
      const scale = scaleOf(preset)
      const reduced = scale === 1 ? "" : `, scale: ${scale}`
      return `  ${preset}: { preset: ${preset}, seed: 1${reduced} }`
    }),
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
