// Every golden case of every network, and pooling, through the runtime on a device: the numbers of
// PyG at the case's own tolerance, and the predicted bytes to the byte.
import { Effect, type Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Device } from "../../src/device/Device.ts"
import type { DeviceUnavailable } from "../../src/model/errors.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { alignUp } from "../../src/model/Plan.ts"
import { sharedFloat32, sharedInt32 } from "../../src/model/Tensor.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions } from "../../src/runtime/RuntimeApi.ts"
import {
  type ExpectedRows,
  firstMismatch,
  type GoldenCase,
  poolCase,
  sharedCases,
  smallCases,
} from "../golden/goldenCases.ts"

const memoryBytes = 256 * 2 ** 20

export interface GoldenDevice {
  readonly options: RuntimeOptions
  readonly open: (options: {
    readonly lanes: number
    readonly memoryBytes: number
  }) => Effect.Effect<Device, DeviceUnavailable, Scope.Scope>
}

/** To be called in a `describe`. */
export const goldenSuite = ({ options, open }: GoldenDevice) => {
  let runtime: RuntimeApi
  beforeAll(async () => {
    runtime = await Runtime.open({ ...options, memoryBytes, inProcess: true })
  })
  afterAll(() => runtime.close())

  const check = async ({ graph, model, expected, tolerance }: GoldenCase) => {
    const task = runtime.submit({
      graph: await runtime.loadGraph(graph),
      model: await runtime.loadModel(model),
    })
    const { output, record } = await task.result
    expect(firstMismatch(expected, output, tolerance)).toBeNull()
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
  }

  for (const golden of smallCases()) it(`${golden.name} gives PyG's numbers`, () => check(golden))

  it("gives rows of zeros to the empty graphs that batch_size counts", async () => {
    const golden = smallCases().find(({ name }) => name === "gin-batch-pool-add")!
    const { graph, model, expected, tolerance } = golden
    if (graph.kind !== "arrays" || model.kind !== "arrays") throw new Error("not in memory")
    // As a folder says it: the batch alone, which does not know of graphs after the last node's.
    const config = { ...model.config, batch_size: expected.rows + 2 }
    const data = new Float32Array((expected.rows + 2) * expected.cols)
    data.set(expected.data)
    const padded = { rows: expected.rows + 2, cols: expected.cols, data }
    const source = { ...graph, numGraphs: null }
    await check({
      ...golden,
      graph: source,
      model: { ...model, config },
      expected: padded,
      tolerance,
    })
  })

  const shared = sharedCases()
  if ("skipped" in shared) it.skip(shared.skipped)
  else for (const golden of shared.cases) it(`${golden.name} gives PyG's`, () => check(golden))

  it.each(["sum", "mean", "max"] as const)("pools by %s, empty graphs to zero", async (reduce) => {
    const { x, batch, numGraphs, expected, tolerance } = poolCase()
    const got = await Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(open({ lanes: 1, memoryBytes }), (opened) =>
          pool(opened, { x, batch, numGraphs, reduce }),
        ),
      ),
    )
    expect(firstMismatch(expected[reduce], got, tolerance)).toBeNull()
  })
}

interface PoolInput {
  readonly x: ExpectedRows
  readonly batch: BigInt64Array
  readonly numGraphs: number
  readonly reduce: "sum" | "mean" | "max"
}

/** A plan of the readout alone, straight on a device. */
const pool = (device: Device, { x, batch, numGraphs, reduce }: PoolInput) =>
  Effect.gen(function* () {
    const values = sharedFloat32(x.data.length)
    values.set(x.data)
    const offsets = sharedInt32(numGraphs + 1)
    for (let g = 1; g <= numGraphs; g++) offsets[g] = batch.filter((b) => Number(b) < g).length
    const data = [values, offsets].map((a) => new Uint8Array(a.buffer))
    const align = device.info.alignBytes
    const grants = data.map(({ byteLength }, i) => {
      const bytes = alignUp(byteLength, align)
      return { id: i + 1, offset: i * 2 ** 20, bytes }
    })
    const plan = readoutPlan(x, numGraphs, reduce, align)
    const arena = { id: 9, offset: 2 ** 22, bytes: plan.arenaBytes }
    for (const grant of [...grants, arena]) yield* device.grant(grant)
    for (const [i, grant] of grants.entries()) yield* device.upload(grant.id, data[i]!)
    const output = sharedFloat32(numGraphs * x.cols)
    const { rows, cols } = plan.output
    yield* device.submit({
      lane: 0,
      plan,
      arena,
      residents: grants,
      output,
      priority: 0,
      taskId: "pool",
    })
    return { rows, cols, data: output }
  })

const readoutPlan = (
  x: ExpectedRows,
  graphs: number,
  reduce: PoolInput["reduce"],
  alignBytes: number,
): Plan => {
  const { rows: m, cols: n } = x
  const arenaBytes = alignUp(graphs * n * 4, alignBytes)
  const operands = {
    x: { slot: 0, offset: 0, ld: n },
    graphOffsets: { slot: 1, offset: 0, ld: 1 },
    y: { slot: -1, offset: 0, ld: n },
  }
  return {
    name: "whole",
    ops: [{ kind: "readout", name: "pool", graphs, m, n, reduce, ...operands }],
    residents: [
      { role: "x.dense", bytes: m * n * 4 },
      { role: "graph.graphOffsets", bytes: (graphs + 1) * 4 },
    ],
    buffers: [{ name: "y", offset: 0, bytes: arenaBytes, firstOp: 0, lastOp: 1 }],
    costs: [],
    alignBytes,
    arenaBytes,
    residentBytes: alignUp(m * n * 4, alignBytes) + alignUp((graphs + 1) * 4, alignBytes),
    livePeakBytes: arenaBytes,
    peakOp: 0,
    output: { offset: 0, rows: graphs, cols: n },
    predictedMs: 0,
  }
}
