// The preparation pool over real worker threads: what it answers, what it keeps, and what happens
// when a thread crashes or hangs.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { InputError, PrepError } from "../../src/model/errors.ts"
import type { GnnModel } from "../../src/model/GnnModel.ts"
import type { Graph, GraphSource } from "../../src/model/Graph.ts"
import type { ResidentRole } from "../../src/model/Resident.ts"
import { loadArrays } from "../../src/prep/graphArrays.ts"
import { makePrepPool } from "../../src/prep/makePrepPool.ts"
import type { PrepPoolService } from "../../src/prep/PrepPool.ts"

const arrays = (numNodes: number): GraphSource => ({
  kind: "arrays",
  numNodes,
  edgeIndex: new Int32Array([0, 1, 2, 1, 2, 0]),
  features: { kind: "dense", values: new Float32Array(numNodes * 4).fill(0.5) },
  featureWidth: 4,
  edgeWeight: null,
  batch: null,
  numGraphs: null,
})

const network = {
  kind: "arrays",
  name: "net",
  config: {
    architecture: "GCN",
    in_channels: 4,
    hidden_channels: 8,
    num_layers: 2,
    out_channels: 3,
  },
  weights: { seed: 1 },
} as const

const withPool = <A, E>(use: (pool: PrepPoolService) => Effect.Effect<A, E>, threads = 1) =>
  Effect.scoped(Effect.flatMap(makePrepPool({ threads, timeoutMs: 60_000 }), use))

const loaded = (pool: PrepPoolService): Effect.Effect<{ graph: Graph; model: GnnModel }, unknown> =>
  Effect.all({ graph: pool.loadGraph(arrays(3)), model: pool.loadModel(network) })

const all: ReadonlyArray<ResidentRole> = [
  "graph.rowOffsets",
  "x.dense",
  "gcn.scale@1",
  "model.weights",
  "task.targets",
]

describe("the preparation pool", () => {
  it.live("loads graphs and models in shared memory, the same as in this thread", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        expect(graph).toEqual(loadArrays(arrays(3) as never))
        expect(graph.rowOffsets.buffer).toBeInstanceOf(SharedArrayBuffer)
        expect((yield* pool.modelConfig(network)).layers).toEqual(model.config.layers)
        for (const tensor of model.weights.values()) {
          expect(tensor.data.buffer).toBeInstanceOf(SharedArrayBuffer)
        }
      }),
    ),
  )

  it.live("gives one resident object for each role, in order, keyed by content", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        const request = { taskId: "t", graph, model, roles: all, targets: [2, 0, 2] }
        const objects = yield* pool.prepare(request)
        expect(objects.map((object) => object.key)).toEqual([
          `${graph.contentId}/graph.rowOffsets`,
          `${graph.contentId}/x.dense`,
          `${graph.contentId}/gcn.scale@1`,
          `${model.contentId}/model.weights`,
          expect.stringMatching(/^targets\/[0-9a-f]{64}$/),
        ])
        for (const object of objects) {
          expect(object.data.buffer).toBeInstanceOf(SharedArrayBuffer)
          expect(object.data.byteLength).toBe(object.bytes)
        }
        expect(objects[0]!.data.buffer).toBe(graph.rowOffsets.buffer)
        const targets = new Int32Array(objects[4]!.data.slice().buffer)
        expect([...targets]).toEqual([2, 0, 2])
        const scale = new Float32Array(objects[2]!.data.slice().buffer)
        expect([...scale]).toEqual([1, 1, 1].map(() => Math.fround(2 ** -0.5)))
      }),
    ),
  )

  it.live("answers within the call once nothing is left to compute", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        const request = { taskId: "t", graph, model, roles: all, targets: [1] }
        const direct = { ...request, roles: ["x.dense", "task.targets"] as const }
        expect(Effect.runSync(pool.prepare(direct)).length).toBe(2)
        const first = yield* pool.prepare(request)
        const again = Effect.runSync(pool.prepare(request))
        expect(again[3]!.data.buffer).toBe(first[3]!.data.buffer)
        yield* pool.forget(graph.contentId)
        const fresh = yield* pool.prepare(request)
        expect(fresh[2]!.data.buffer).not.toBe(first[2]!.data.buffer)
        expect(fresh[2]).toEqual(first[2])
        expect(fresh[3]!.data.buffer).toBe(first[3]!.data.buffer)
      }),
    ),
  )

  it.live("computes once what many ask for at once, though the first asker goes away", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        const request = { taskId: "t", graph, model, roles: all, targets: [1] }
        const first = yield* Effect.forkChild(pool.prepare(request))
        const others = yield* Effect.forkChild(
          Effect.all([pool.prepare(request), pool.prepare(request)], { concurrency: "unbounded" }),
        )
        yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        const [a, b] = yield* Fiber.join(others)
        expect(a[2]!.data.buffer).toBe(b[2]!.data.buffer)
      }),
    ),
  )

  it.live("refuses target nodes that are not there, in a worker or not", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        const roles: ReadonlyArray<ResidentRole> = ["task.targets"]
        const refused = (targets: ReadonlyArray<number>) =>
          Effect.flip(pool.prepare({ taskId: "t9", graph, model, roles, targets }))
        const many = Array.from({ length: 100_000 }, () => 0)
        for (const targets of [
          [0, 3],
          [0, -1],
          [0, 0.5],
          [0, Number.NaN],
        ]) {
          const expected = { _tag: "NodeOutOfRange", task: "t9", numNodes: 3 }
          expect(yield* refused(targets)).toMatchObject({ ...expected, position: 1 })
          const late = [...many, targets[1]!]
          expect(yield* refused(late)).toMatchObject({ ...expected, position: 100_000 })
        }
      }),
    ),
  )

  it.live("passes the typed errors of its threads on", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const folder = { kind: "folder", path: "/no/such/folder" } as const
        expect(yield* Effect.flip(pool.loadGraph(folder))).toMatchObject({
          _tag: "FileUnreadable",
          file: "/no/such/folder",
        })
        expect(yield* Effect.flip(pool.graphShape(folder))).toMatchObject({
          _tag: "FileUnreadable",
        })
        const preset = { kind: "preset", preset: "no", seed: 1, scale: 1 } as const
        expect(yield* Effect.flip(pool.graphShape(preset))).toMatchObject({ _tag: "BadConfig" })
      }),
    ),
  )

  it.live("leaves this thread free while a graph is made", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const big = { kind: "preset", preset: "artist", seed: 1, scale: 0.5 } as const
        const fiber = yield* Effect.forkChild(pool.loadGraph(big))
        let turns = 0
        while (fiber.pollUnsafe() === undefined) {
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          turns++
        }
        expect((yield* Fiber.join(fiber)).shape.numNodes).toBe(25_258)
        expect(turns).toBeGreaterThan(20)
      }),
    ),
  )
})

describe("a worker thread that crashes", () => {
  it.live("fails its own job alone, however often, and is replaced", () =>
    withPool(
      (pool) =>
        Effect.gen(function* () {
          const ids = Array.from({ length: 8 }, (_, i) => i)
          const job = (i: number): Effect.Effect<unknown, InputError | PrepError> =>
            i % 2 === 0
              ? Effect.flip(pool.sabotage(`job ${i}`, "crash"))
              : Effect.map(pool.loadGraph(arrays(3 + i)), (graph) => graph.shape.numNodes)
          const results = yield* Effect.forEach(ids, job, { concurrency: "unbounded" })
          for (const i of ids) {
            if (i % 2 === 1) expect(results[i]).toBe(3 + i)
            else {
              expect(results[i]).toMatchObject({
                _tag: "PrepWorkerLost",
                job: `job ${i}`,
                transient: true,
              })
            }
          }
        }),
      2,
    ),
  )
})

describe("a worker thread that hangs", () => {
  it.effect("is ended after the time limit, in virtual time, and replaced", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const hang = yield* Effect.forkChild(Effect.flip(pool.sabotage("stuck", "hang")))
        const next = yield* Effect.forkChild(pool.loadGraph(arrays(5)))
        yield* TestClock.adjust(60_000)
        expect(yield* Fiber.join(hang)).toMatchObject({ _tag: "PrepTimeout", job: "stuck" })
        expect((yield* Fiber.join(next)).shape.numNodes).toBe(5)
      }),
    ),
  )

  it.live("is ended when its job is interrupted", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const hang = yield* Effect.forkChild(pool.sabotage("stuck", "hang"))
        yield* Effect.yieldNow
        yield* Fiber.interrupt(hang)
        expect((yield* pool.loadGraph(arrays(4))).shape.numNodes).toBe(4)
        expect(yield* Effect.flip(pool.sabotage("c", "crash"))).toMatchObject({ job: "c" })
        expect((yield* pool.loadGraph(arrays(6))).shape.numNodes).toBe(6)
      }),
    ),
  )

  it.live("does not keep the pool from closing", () =>
    Effect.gen(function* () {
      const outcome = yield* withPool((pool) =>
        Effect.gen(function* () {
          yield* Effect.forkChild(pool.sabotage("stuck", "hang"))
          return (yield* pool.graphShape(arrays(3))).numNodes
        }),
      )
      expect(outcome).toBe(3)
    }),
  )
})

describe("what is fetched before it is asked for", () => {
  const request = (graph: Graph, model: GnnModel) => ({
    taskId: "t",
    graph,
    model,
    roles: all,
    targets: [1],
  })

  it.live("is the same, and computed once", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        yield* pool.prefetchWeights(model)
        yield* pool.prefetch({ taskId: "soon", graph, model, roles: all })
        const [first, second] = [
          yield* pool.prepare(request(graph, model)),
          yield* pool.prepare(request(graph, model)),
        ]
        const plain = yield* withPool((other) => other.prepare(request(graph, model)))
        expect(first.map(({ key, data }) => ({ key, data: [...data] }))).toEqual(
          plain.map(({ key, data }) => ({ key, data: [...data] })),
        )
        expect(second.find(({ key }) => key.includes("weights"))!.data.buffer).toBe(
          first.find(({ key }) => key.includes("weights"))!.data.buffer,
        )
      }),
    ),
  )

  it.live("is at hand, without another job for a thread, once it is computed", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        yield* pool.prefetchWeights(model)
        yield* pool.prefetch({ taskId: "soon", graph, model, roles: all })
        yield* pool.prefetched
        const preparing = Effect.runFork(pool.prepare(request(graph, model)))
        expect(preparing.pollUnsafe()).toBeDefined()
      }),
    ),
  )

  it.live("fails for whoever asks where it cannot be computed, and nowhere else", () =>
    withPool((pool) =>
      Effect.gen(function* () {
        const { graph, model } = yield* loaded(pool)
        const broken = { ...model, contentId: "broken", weights: new Map() }
        yield* pool.prefetchWeights(broken)
        yield* pool.prefetched
        const error = yield* Effect.flip(pool.prepare(request(graph, broken)))
        expect(error._tag).toBe("PrepWorkerLost")
        expect((yield* pool.prepare(request(graph, model))).length).toBe(all.length)
      }),
    ),
  )
})
