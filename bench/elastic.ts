// What the plans of one task cost on the cpu device of this machine: bytes, predicted and measured time
// of each, and whether its result has the bits of the whole plan's. One command, JSON out.
//   node bench/elastic.ts [--preset artist] [--scale 1] [--architecture GCN] [--hidden 256] [--layers 8]
import { parseArgs } from "node:util"
import { Result } from "effect"
import { cpuProfile } from "../src/cost/DeviceProfile.ts"
import { planFrontier } from "../src/cost/planFrontier.ts"
import type { ModelSource } from "../src/model/GnnModel.ts"
import type { GraphShape } from "../src/model/Graph.ts"
import { footprintBytes, type Plan } from "../src/model/Plan.ts"
import type { TaskRecord } from "../src/model/Task.ts"
import { parseGnnConfig } from "../src/prep/model/parseConfig.ts"
import { Runtime } from "../src/runtime/Runtime.ts"

export interface ElasticOptions {
  readonly preset: string
  readonly scale: number
  readonly architecture: string
  readonly hidden: number
  readonly layers: number
  /** Runs of each plan; the shortest counts. */
  readonly runs: number
}

const modelOf = (options: ElasticOptions, width: number): ModelSource & { kind: "arrays" } => ({
  kind: "arrays",
  name: options.architecture,
  config: {
    architecture: options.architecture,
    in_channels: width,
    hidden_channels: options.hidden,
    num_layers: options.layers,
    out_channels: 16,
    ...(options.architecture === "GAT" ? { heads: 4 } : {}),
  },
  weights: { seed: 1 },
})

/** From the start of the first operator to the end of the last. */
const runMs = ({ ops }: TaskRecord): number => (ops.at(-1)?.endMs ?? 0) - (ops[0]?.startMs ?? 0)

/** The task on a device of so many bytes: its result, its record, its shortest time. */
const runWithin = async (options: ElasticOptions, memoryBytes: number) => {
  await using runtime = await Runtime.open({ memoryBytes, lanes: 1, inProcess: true })
  const { preset, scale } = options
  const graph = await runtime.loadGraph({ kind: "preset", preset, seed: 1, scale })
  const model = await runtime.loadModel(modelOf(options, graph.shape.featureWidth))
  let best = Number.POSITIVE_INFINITY
  for (let run = 1; ; run++) {
    const { output, record } = await runtime.submit({ graph, model }).result
    best = Math.min(best, runMs(record))
    if (run >= options.runs) return { output, record, measuredMs: best }
  }
}

const plansOf = async (options: ElasticOptions): Promise<ReadonlyArray<Plan>> => {
  await using runtime = await Runtime.open({ device: "reference", lanes: 1, inProcess: true })
  const { preset, scale } = options
  const graph = await runtime.loadGraph({ kind: "preset", preset, seed: 1, scale })
  const shape: GraphShape = graph.shape
  const config = parseGnnConfig(modelOf(options, shape.featureWidth).config, "bench")
  const request = { config, shape, targets: null, alignBytes: 64, profile: cpuProfile }
  return Result.getOrThrow(planFrontier(request))
}

export const elasticRuns = async (options: ElasticOptions) => {
  const plans = await plansOf(options)
  const rows = []
  let wanted: Float32Array | null = null
  for (const plan of plans) {
    const bytes = footprintBytes(plan)
    const { output, record, measuredMs } = await runWithin(options, bytes)
    wanted ??= output.data
    rows.push({
      plan: plan.name,
      ran: record.plan,
      bytes,
      measuredBytes: record.measuredPeakBytes,
      shareOfWhole: bytes / footprintBytes(plans[0]!),
      predictedMs: plan.predictedMs,
      measuredMs,
      sameBits: output.data.every((value, i) => Object.is(value, wanted![i])),
    })
  }
  return rows
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      preset: { type: "string", default: "artist" },
      scale: { type: "string", default: "1" },
      architecture: { type: "string", default: "GCN" },
      hidden: { type: "string", default: "256" },
      layers: { type: "string", default: "8" },
      runs: { type: "string", default: "3" },
    },
  })
  const { preset, architecture } = values
  const [scale, hidden, layers, runs] = [
    values.scale,
    values.hidden,
    values.layers,
    values.runs,
  ].map(Number) as [number, number, number, number]
  const rows = await elasticRuns({ preset, scale, architecture, hidden, layers, runs })
  console.log(JSON.stringify(rows, null, 2))
}
