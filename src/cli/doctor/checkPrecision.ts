// Networks at a lower precision on a device, beside float64: how far the results are apart, and whether
// each took the memory that was predicted.
import type { Precision } from "../../model/precision.ts"
import { Runtime } from "../../runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions } from "../../runtime/RuntimeApi.ts"
import type { CheckResult } from "./selfCheck.ts"

interface PrecisionOptions extends RuntimeOptions {
  readonly device: "cpu" | "cuda" | "reference"
  readonly precision: Exclude<Precision, "fp32">
}

/** Of the largest number in a result, for two layers. */
const tolerances = { tf32: 2e-3, fp16: 5e-3, bf16: 4e-2 } as const

const architectures = ["GCN", "GraphSAGE", "GIN", "GAT"] as const

interface NetworkRun {
  readonly data: Float32Array
  readonly exact: boolean
}

const runNetworks = async (options: RuntimeOptions): Promise<ReadonlyArray<NetworkRun>> => {
  const runtime = await Runtime.open({ memoryBytes: 2 ** 27, ...options, inProcess: true })
  try {
    return await runAll(runtime)
  } finally {
    await runtime.close()
  }
}

const runAll = async (runtime: RuntimeApi): Promise<ReadonlyArray<NetworkRun>> => {
  const graph = await runtime.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 0.2 })
  const runs: Array<NetworkRun> = []
  for (const architecture of architectures) {
    const sizes = { in_channels: 1433, hidden_channels: 40, num_layers: 2, out_channels: 19 }
    const config = { architecture, ...sizes }
    const weights = { seed: 1 }
    const model = await runtime.loadModel({ kind: "arrays", name: architecture, config, weights })
    const { output, record } = await runtime.submit({ graph, model }).result
    const exact = record.measuredPeakBytes === record.predictedPeakBytes
    runs.push({ data: output.data, exact })
  }
  return runs
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

export const checkPrecision = async (
  options: PrecisionOptions,
): Promise<ReadonlyArray<CheckResult>> => {
  const found = await runNetworks(options)
  const expected = await runNetworks({ device: "reference" })
  return found.map(({ data, exact }, i): CheckResult => {
    const want = expected[i]!.data
    const error = largest(data.map((value, at) => value - want[at]!)) / largest(want)
    const maxError = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error
    const passed = exact && maxError < tolerances[options.precision]
    return { title: `${architectures[i]} in ${options.precision}`, cases: 1, maxError, passed }
  })
}
