// Tasks that differ and run as one, in virtual time: each answer has the bits that the task has alone.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { faultDevice } from "../../src/device/faultDevice.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import { FaultBook } from "../../src/model/FaultBook.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import type { TaskSpec } from "../../src/model/Task.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"
import { advance, open, timed, type World } from "../support/virtualSystem.ts"

const width = 4
const sizes = [7, 1, 12, 30, 5]
const smallGraphs = (weighted = false): ReadonlyArray<GraphSource> =>
  sizes.map((nodes, seed) => randomGraph({ nodes, edges: 2 * nodes, width, seed, weighted }))

/** Three graphs, the last of them without a node, and then as many empty ones as the network wants. */
const batched = (source: GraphSource): GraphSource =>
  source.kind !== "arrays"
    ? source
    : {
        ...source,
        batch: Int32Array.from({ length: source.numNodes }, (_, i) =>
          Math.floor((2 * i) / source.numNodes),
        ),
        numGraphs: 3,
      }

const pooled = (pooling: string): ModelSource => {
  const model = randomModel({ architecture: "GIN", width, seed: 3 })
  if (model.kind !== "arrays") throw new Error("made from arrays")
  return { ...model, config: { ...model.config, pooling, batch_size: 4, log_softmax: true } }
}

const answerOf = (task: LiveTask) => Effect.map(Deferred.await(task.done), ({ output }) => output)
const recordOf = (world: World, id: string) =>
  world.system.book.records().find((record) => record.id === id)!

type Wanted = Readonly<Record<string, Partial<TaskSpec>>>

/** All of them at once while the only lane is taken by another task. */
const runTogether = (options: Parameters<typeof open>[0], wanted: Wanted) =>
  Effect.gen(function* () {
    const world = yield* open({ lanes: 1, shareWork: true, budget: 2 ** 24, ...options })
    yield* world.submit("first20ms", { share: false })
    yield* advance(1)
    const tasks = yield* Effect.forEach(Object.entries(wanted), ([id, spec]) =>
      world.submit(id, spec),
    )
    yield* advance(80)
    yield* world.system.book.idle
    const answers = yield* Effect.forEach(tasks, answerOf)
    return { world, tasks, answers, records: tasks.map(({ spec }) => recordOf(world, spec.id)) }
  })

/** They ran as one, and each has the answer of a run of its own. */
const expectMerged = (options: Parameters<typeof open>[0], wanted: Wanted) =>
  Effect.gen(function* () {
    const { answers, records } = yield* runTogether(options, wanted)
    const [first = "", ...others] = Object.keys(wanted)
    expect(records.map(({ sharedWith }) => sharedWith)).toEqual([null, ...others.map(() => first)])
    expect(new Set(records.map(({ startedAtMs }) => startedAtMs))).toEqual(new Set([20]))
    const bytes = records.map(({ measuredPeakBytes }) => measuredPeakBytes)
    expect(bytes).toEqual(records.map(({ predictedPeakBytes }) => predictedPeakBytes))
    const apart = yield* runTogether({ ...options, shareWork: false }, wanted)
    expect(answers).toEqual(apart.answers)
    expect(apart.records.map(({ sharedWith }) => sharedWith)).toEqual(records.map(() => null))
  })

describe("targets on one graph", () => {
  for (const architecture of architectures) {
    it.effect(`run as their union in ${architecture}`, () =>
      expectMerged(
        { models: [randomModel({ architecture, width, seed: 2 })] },
        { a10ms: { nodes: [3, 4, 3] }, b10ms: { nodes: [4, 29] }, c10ms: { nodes: [3, 4, 3] } },
      ),
    )
  }

  it.effect("are answered by a run of the whole graph that waits anyway", () =>
    expectMerged(
      {
        graphs: [randomGraph({ nodes: 6000, edges: 12_000, width: 24, seed: 5 })],
        models: [randomModel({ architecture: "GraphSAGE", width: 24, seed: 5 })],
      },
      { a10ms: {}, b10ms: { nodes: [5999, 0] }, c10ms: {} },
    ),
  )

  it.effect("run as the union of their neighbourhoods where each runs on its own", () =>
    Effect.gen(function* () {
      const options = {
        graphs: [randomGraph({ nodes: 20_000, edges: 40_000, width: 24, seed: 6 })],
        models: [randomModel({ architecture: "GCN" as const, width: 24, seed: 6 })],
      }
      const wanted = { a10ms: { nodes: [7, 8] }, b10ms: { nodes: [9, 7] }, c10ms: { nodes: [11] } }
      yield* expectMerged(options, wanted)
      const { tasks } = yield* runTogether(options, wanted)
      expect(tasks[0]!.plan!.ops[0]).toMatchObject({ m: expect.closeTo(40, -2) })
    }),
  )
})

describe("small graphs", () => {
  for (const weighted of [false, true]) {
    for (const architecture of architectures) {
      it.effect(`run side by side in ${architecture}${weighted ? ", weighted" : ""}`, () =>
        expectMerged(
          {
            graphs: smallGraphs(weighted),
            models: [randomModel({ architecture, width, seed: 2 })],
          },
          { a10ms: {}, b10ms: { graph: "1" }, c10ms: { graph: "3" }, d10ms: { graph: "1" } },
        ),
      )
    }
  }

  for (const pooling of ["mean", "add", "max"]) {
    it.effect(`with a ${pooling} readout have as many rows as alone, empty graphs too`, () =>
      expectMerged(
        {
          graphs: smallGraphs().map((graph, i) => (i % 2 === 0 ? batched(graph) : graph)),
          models: [pooled(pooling)],
        },
        { a10ms: {}, b10ms: { graph: "1" }, c10ms: { graph: "2" }, d10ms: { graph: "4" } },
      ),
    )
  }

  it.effect("of different networks, or of tasks that want a run of their own, run apart", () =>
    Effect.gen(function* () {
      const models = [1, 2].map((seed) => randomModel({ architecture: "GCN", width, seed }))
      const { records } = yield* runTogether(
        { graphs: smallGraphs(), models },
        { a10ms: {}, b10ms: { graph: "1", model: "1" }, c10ms: { graph: "2", share: false } },
      )
      expect(records.map(({ startedAtMs }) => startedAtMs)).toEqual([20, 30, 40])
    }),
  )

  it.effect("join nobody whose target would be missed for them", () =>
    Effect.gen(function* () {
      const probe = yield* open({ graphs: smallGraphs() })
      const task = yield* probe.submit("probe")
      yield* advance(5)
      const soloMs = task.plan!.predictedMs
      const { records } = yield* runTogether(
        { graphs: smallGraphs() },
        { a10ms: { deadlineMs: 19 + 2.5 * soloMs }, b10ms: { graph: "2" }, c10ms: { graph: "3" } },
      )
      expect(records.map(({ startedAtMs }) => startedAtMs)).toEqual([20, 30, 30])
    }),
  )

  it.effect("run one by one where they do not fit together", () =>
    Effect.gen(function* () {
      const graphs = [1, 2, 3].map((seed) => randomGraph({ nodes: 200, edges: 400, width, seed }))
      const one = yield* runTogether({ graphs }, { a10ms: {} })
      const { records } = yield* runTogether(
        { graphs, budget: one.records[0]!.predictedPeakBytes! + 4096 },
        { a10ms: {}, b10ms: { graph: "1" }, c10ms: { graph: "2" } },
      )
      expect(records.map(({ status }) => status)).toEqual(["completed", "completed", "completed"])
      expect(records.map(({ sharedWith }) => sharedWith)).toEqual([null, null, null])
      expect(records.map(({ attempts }) => attempts)).toEqual([1, 1, 1])
    }),
  )

  it.effect("are tried one by one after a run of them has failed", () =>
    Effect.gen(function* () {
      const device = timed(yield* openReferenceDevice({ lanes: 1, memoryBytes: 2 ** 20 }))
      const fault = { kind: "op", op: 1, task: "a10ms", times: 1, probability: 1 } as const
      const faults = new FaultBook({ seed: 1, faults: [{ ...fault, transient: false }] })
      const { records } = yield* runTogether(
        { graphs: smallGraphs(), device: faultDevice(device, faults) },
        { a10ms: {}, b10ms: { graph: "2" }, c10ms: { graph: "3" } },
      )
      expect(records.map(({ attempts }) => attempts)).toEqual([2, 2, 2])
      expect(records.map(({ sharedWith }) => sharedWith)).toEqual([null, null, null])
      expect(records.map(({ finishedAtMs }) => finishedAtMs)).toEqual([40, 50, 60])
    }),
  )
})
