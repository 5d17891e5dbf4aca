// What shared work saves, on the CPU device: many small graphs as one, tasks for the same, and a few
// nodes of a large graph on the part that they depend on. Both ways of each in one process, in turns.
//   node bench/sharedWork.ts [--smoke] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { GraphSource } from "../src/model/Graph.ts"
import { Random } from "../src/prep/random.ts"
import { Runtime } from "../src/runtime/Runtime.ts"
import type { RuntimeApi, SubmitInput, TaskResult } from "../src/runtime/RuntimeApi.ts"

export interface SharedWorkSizes {
  /** Tasks, each on a graph of its own of MUTAG's size. */
  readonly molecules: number
  /** Tasks for the same. */
  readonly same: number
  /** Of amazon0601's nodes and edges. */
  readonly scale: number
  readonly targets: number
  readonly repeats: number
}

export const fullSize: SharedWorkSizes = {
  molecules: 1000,
  same: 8,
  scale: 1,
  targets: 8,
  repeats: 3,
}
export const smokeSize: SharedWorkSizes = {
  molecules: 30,
  same: 4,
  scale: 0.05,
  targets: 2,
  repeats: 1,
}

export interface SharedWorkRow {
  readonly what: string
  /** Medians of a repeat. */
  readonly apartMs: number
  readonly sharedMs: number
  readonly ratio: number
  /** Tasks that another's run answered. */
  readonly rode: number
}

const lanes = 2
const memoryBytes = 2 ** 31
const moleculeWidth = 7

/** A ring with a tail and a few bonds across, of 12 to 24 nodes and about 40 directed edges. */
const molecule = (seed: number): GraphSource => {
  const random = new Random(seed, "molecule")
  const numNodes = 12 + Math.floor(13 * random.uniform())
  const bonds = Array.from({ length: numNodes }, (_, i) => [i, (i + 1) % numNodes] as const)
  bonds.push([0, numNodes >> 1], [1, numNodes - 2])
  const edgeIndex = Int32Array.from([...bonds.flat(), ...bonds.flatMap(([from, to]) => [to, from])])
  const values = new Float32Array(numNodes * moleculeWidth)
  for (let node = 0; node < numNodes; node++) {
    values[node * moleculeWidth + Math.floor(moleculeWidth * random.uniform())] = 1
  }
  return {
    kind: "arrays",
    numNodes,
    edgeIndex,
    features: { kind: "dense", values },
    featureWidth: moleculeWidth,
    edgeWeight: null,
    batch: null,
    numGraphs: null,
  }
}

const model = (name: string, config: Readonly<Record<string, unknown>>) => ({
  kind: "arrays" as const,
  name,
  config,
  weights: { seed: 1 },
})

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!

const timed = async (runtime: RuntimeApi, inputs: ReadonlyArray<SubmitInput>) => {
  const startMs = performance.now()
  const results = await Promise.all(inputs.map((input) => runtime.submit(input).result))
  return { ms: performance.now() - startMs, results }
}

const sameBits = (a: TaskResult, b: TaskResult): boolean =>
  Buffer.from(a.output.data.buffer).equals(Buffer.from(b.output.data.buffer))

/** The inputs both ways, in turns; the first turn of each warms up. */
const compare = async (
  what: string,
  repeats: number,
  runtime: RuntimeApi,
  inputs: ReadonlyArray<SubmitInput>,
): Promise<SharedWorkRow> => {
  const own = inputs.map((input) => ({ ...input, share: false }))
  const times = { apart: [] as Array<number>, shared: [] as Array<number> }
  let rode = 0
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const apart = await timed(runtime, own)
    const shared = await timed(runtime, inputs)
    for (const [i, result] of shared.results.entries()) {
      if (!sameBits(result, apart.results[i]!)) throw new Error(`${what}: task ${i} differs`)
    }
    rode = shared.results.filter(({ record }) => record.sharedWith !== null).length
    if (repeat === 0) continue
    times.apart.push(apart.ms)
    times.shared.push(shared.ms)
  }
  const [apartMs, sharedMs] = [median(times.apart), median(times.shared)]
  return { what, apartMs, sharedMs, ratio: apartMs / sharedMs, rode }
}

const molecules = async (runtime: RuntimeApi, sizes: SharedWorkSizes): Promise<SharedWorkRow> => {
  const gin = await runtime.loadModel(
    model("gin-molecules", {
      architecture: "GIN",
      in_channels: moleculeWidth,
      hidden_channels: 32,
      num_layers: 3,
      out_channels: 2,
      pooling: "add",
    }),
  )
  const seeds = Array.from({ length: sizes.molecules }, (_, seed) => seed)
  const graphs = await Promise.all(seeds.map((seed) => runtime.loadGraph(molecule(seed))))
  const inputs = graphs.map((graph) => ({ graph, model: gin }))
  return compare(`${sizes.molecules} small graphs`, sizes.repeats, runtime, inputs)
}

const largeGraph = async (runtime: RuntimeApi, { scale }: SharedWorkSizes) => {
  const source = { kind: "preset", preset: "amazon0601", seed: 1, scale } as const
  const sage = model("sage-amazon", {
    architecture: "GraphSAGE",
    in_channels: 96,
    hidden_channels: 64,
    num_layers: 2,
    out_channels: 16,
  })
  return { graph: await runtime.loadGraph(source), model: await runtime.loadModel(sage) }
}

/** One task for a few nodes after another, each with other nodes, against a run of the whole graph. */
const fewNodes = async (
  runtime: RuntimeApi,
  { repeats, targets }: SharedWorkSizes,
  parts: Pick<SubmitInput, "graph" | "model">,
): Promise<SharedWorkRow> => {
  const random = new Random(5, "targets")
  const { numNodes } = parts.graph.shape
  const times = { whole: [] as Array<number>, part: [] as Array<number> }
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const nodes = Array.from({ length: targets }, () => Math.floor(numNodes * random.uniform()))
    const whole = await timed(runtime, [parts])
    const part = await timed(runtime, [{ ...parts, nodes }])
    const { cols, data } = whole.results[0]!.output
    const rows = nodes.flatMap((node) => [...data.subarray(node * cols, (node + 1) * cols)])
    if (!rows.every((value, i) => value === part.results[0]!.output.data[i])) {
      throw new Error(`nodes ${nodes} differ`)
    }
    if (repeat === 0) continue
    times.whole.push(whole.ms)
    times.part.push(part.ms)
  }
  const [apartMs, sharedMs] = [median(times.whole), median(times.part)]
  const what = `${targets} nodes of ${numNodes}`
  return { what, apartMs, sharedMs, ratio: apartMs / sharedMs, rode: 0 }
}

export const sharedWork = async (sizes: SharedWorkSizes): Promise<ReadonlyArray<SharedWorkRow>> => {
  await using runtime = await Runtime.open({ lanes, memoryBytes })
  const parts = await largeGraph(runtime, sizes)
  const inputs = Array.from({ length: sizes.same }, () => parts)
  return [
    await molecules(runtime, sizes),
    await compare(`${sizes.same} tasks for the same`, sizes.repeats, runtime, inputs),
    await fewNodes(runtime, sizes, parts),
  ]
}

const line = ({ apartMs, ratio, rode, sharedMs, what }: SharedWorkRow): string =>
  `${what.padEnd(28)} ${apartMs.toFixed(1).padStart(10)} ms  ${sharedMs.toFixed(1).padStart(10)} ms` +
  `  ${ratio.toFixed(2).padStart(7)}x  ${rode} rode along`

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { smoke: { type: "boolean", default: false }, out: { type: "string" } },
  })
  const rows = await sharedWork(values.smoke ? smokeSize : fullSize)
  console.log("what                              apart (whole)    shared (part)    ratio")
  for (const row of rows) console.log(line(row))
  if (values.out === undefined) return
  const command = ["node", "bench/sharedWork.ts", ...process.argv.slice(2)].join(" ")
  writeFileSync(values.out, `${JSON.stringify({ lanes, command, rows }, null, 2)}\n`)
}

if (import.meta.main) await main()
