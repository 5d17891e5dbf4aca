// The Effect face: a layer that holds the runtime for as long as its scope lives.
import { setImmediate as turn } from "node:timers/promises"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { GnnSched } from "../../src/runtime/GnnSched.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

const spec = { tenant: "a", nodes: null, deadlineMs: null, priority: 0 }

it.live("runs a task through the service, and fails for a graph that was never loaded", () =>
  Effect.gen(function* () {
    const runtime = yield* GnnSched
    const graph = yield* runtime.loadGraph(
      randomGraph({ nodes: 50, edges: 200, width: 4, seed: 1 }),
    )
    const model = yield* runtime.loadModel(randomModel({ architecture: "GIN", width: 4, seed: 1 }))
    const task = yield* runtime.submit({ ...spec, id: "t", graph: graph.id, model: model.id })
    const { output, record } = yield* task.result
    expect([output.rows, output.cols]).toEqual([50, 5])
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
    expect(yield* task.state).toBe("completed")
    const unknown = yield* Effect.flip(
      runtime.submit({ ...spec, id: "u", graph: "nowhere", model: model.id }),
    )
    expect(unknown).toMatchObject({ _tag: "UnknownId", what: "graph", id: "nowhere" })
  }).pipe(Effect.provide(GnnSched.layer({ memoryBytes: 2 ** 24, lanes: 1 }))),
)

it.live("has at hand what was loaded and estimated once it is ready: no thread is asked", () =>
  Effect.gen(function* () {
    const runtime = yield* GnnSched
    const graph = yield* runtime.loadGraph(
      randomGraph({ nodes: 2000, edges: 9000, width: 16, seed: 1 }),
    )
    const model = yield* runtime.loadModel(randomModel({ architecture: "GCN", width: 16, seed: 1 }))
    yield* runtime.estimate(graph.id, model.id, null)
    yield* runtime.ready
    const task = yield* runtime.submit({ ...spec, id: "t", graph: graph.id, model: model.id })
    // The actors' turns; a worker's answer takes longer.
    for (let i = 0; i < 3; i++) yield* Effect.promise(() => turn())
    expect(["ready", "running", "completed"]).toContain(yield* task.state)
    yield* task.result
  }).pipe(Effect.provide(GnnSched.layer({ memoryBytes: 2 ** 24, lanes: 1 }))),
)
