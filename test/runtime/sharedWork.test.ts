// Shared work on the CPU, through the application's face: fewer runs, and the bits of tasks of their own.
import { describe, expect, it } from "vitest"
import type { GraphSource } from "../../src/model/Graph.ts"
import type { ChooseTasks } from "../../src/policy/ownPolicy.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type {
  GraphHandle,
  ModelHandle,
  RuntimeApi,
  SubmitInput,
} from "../../src/runtime/RuntimeApi.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"

const width = 7

/** Nobody starts before so many wait. */
const onceAllWait =
  (count: number): ChooseTasks =>
  ({ startedCount, waiting }) =>
    startedCount === 0 && waiting.length < count ? [] : waiting

type Wanted = (graphs: ReadonlyArray<GraphHandle>, model: ModelHandle) => ReadonlyArray<SubmitInput>

const runAll = async (
  sources: ReadonlyArray<GraphSource>,
  architecture: (typeof architectures)[number],
  wanted: Wanted,
  shareWork: boolean,
) => {
  const load = async (runtime: RuntimeApi) => {
    const graphs = await Promise.all(sources.map((source) => runtime.loadGraph(source)))
    return wanted(graphs, await runtime.loadModel(randomModel({ architecture, width, seed: 3 })))
  }
  const count = wanted(sources.map(() => ({})) as never, {} as never).length
  await using runtime = await Runtime.open({
    lanes: 1,
    memoryBytes: 2 ** 27,
    policy: onceAllWait(count),
    shareWork,
  })
  const tasks = (await load(runtime)).map((input) => runtime.submit(input))
  const results = await Promise.all(tasks.map(({ result }) => result))
  for (const { record } of results) {
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
  }
  return {
    outputs: results.map(({ output }) => output),
    runs: results.filter(({ record }) => record.sharedWith === null).length,
  }
}

const expectShared = async (
  sources: ReadonlyArray<GraphSource>,
  architecture: (typeof architectures)[number],
  wanted: Wanted,
) => {
  const shared = await runAll(sources, architecture, wanted, true)
  const apart = await runAll(sources, architecture, wanted, false)
  expect({ shared: shared.runs, apart: apart.runs }).toEqual({
    shared: 1,
    apart: apart.outputs.length,
  })
  expect(shared.outputs).toEqual(apart.outputs)
}

const small = Array.from({ length: 40 }, (_, seed) =>
  randomGraph({ nodes: 10 + (seed % 17), edges: 20 + 2 * seed, width, seed, weighted: true }),
)
const large = [randomGraph({ nodes: 30_000, edges: 90_000, width, seed: 9 })]

describe.each(architectures)("tasks of one %s", (architecture) => {
  it("on forty small graphs run as one", () =>
    expectShared(small, architecture, (graphs, model) => graphs.map((graph) => ({ graph, model }))))

  it("for the same of a large graph run as one", () =>
    expectShared(large, architecture, ([graph], model) =>
      [0, 1, 2].map(() => ({ graph: graph!, model })),
    ))

  it("for some nodes of a large graph run as one", () =>
    expectShared(large, architecture, ([graph], model) =>
      [[5], [29_999, 5], [4, 4]].map((nodes) => ({ graph: graph!, model, nodes })),
    ))
})

it("a task that wants a run of its own has it, and writes into no answer but its own", async () => {
  await using runtime = await Runtime.open({
    lanes: 1,
    memoryBytes: 2 ** 26,
    policy: onceAllWait(4),
  })
  const graph = await runtime.loadGraph(small[0]!)
  const model = await runtime.loadModel(randomModel({ architecture: "GIN", width, seed: 3 }))
  const share = [true, false, true, true]
  const tasks = share.map((share, i) => runtime.submit({ id: `t${i}`, graph, model, share }))
  const results = await Promise.all(tasks.map(({ result }) => result))
  const leaders = results.map(({ record }) => record.sharedWith)
  expect(leaders).toEqual([null, null, "t0", "t0"])
  const before = [...results[3]!.output.data]
  results[2]!.output.data.fill(Number.NaN)
  results[0]!.output.data.fill(0)
  expect([...results[3]!.output.data]).toEqual(before)
})
