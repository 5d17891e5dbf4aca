// The whole system of actors in virtual time, on the reference device: what tests of the actors open.
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { type ActorSystem, type SystemOptions, startSystem } from "../../src/actors/Supervisor.ts"
import { referenceProfile } from "../../src/cost/DeviceProfile.ts"
import type { Device } from "../../src/device/Device.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import { limits } from "../../src/model/limits.ts"
import type { TaskSpec } from "../../src/model/Task.ts"
import { policies } from "../../src/policy/policies.ts"
import { inThreadPrep } from "./inThreadPrep.ts"
import { randomGraph, randomModel } from "./sources.ts"

/** Runs take virtual time: `20ms` in the task's id means 20 ms. */
export const timed = (device: Device): Device => ({
  ...device,
  submit: (request) =>
    Effect.andThen(
      Effect.sleep(Number(/(\d+)ms/.exec(request.taskId)?.[1] ?? 0)),
      device.submit(request),
    ),
})

/** Moves virtual time a millisecond at a time and lets every actor come to rest in between. */
export const advance = (ms: number) =>
  Effect.gen(function* () {
    for (let i = 0; i <= ms; i++) {
      for (let turn = 0; turn < 60; turn++) yield* Effect.yieldNow
      if (i < ms) yield* TestClock.adjust(1)
    }
  })

export interface World {
  readonly system: ActorSystem
  /** `spec.graph` and `spec.model` are the numbers of sources; those of number 0 by default. */
  readonly submit: (id: string, spec?: Partial<TaskSpec>) => Effect.Effect<LiveTask>
  readonly device: Device
}

export const open = (
  options: Partial<SystemOptions> & {
    readonly lanes?: number
    readonly budget?: number
    readonly graphs?: ReadonlyArray<GraphSource>
    readonly models?: ReadonlyArray<ModelSource>
  },
): Effect.Effect<World, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { lanes = 2, budget = 2 ** 20 } = options
    const device = timed(yield* openReferenceDevice({ lanes, memoryBytes: budget }))
    const graphs = yield* Effect.forEach(
      options.graphs ?? [randomGraph({ nodes: 30, edges: 90, width: 4, seed: 1 })],
      inThreadPrep.loadGraph,
    )
    const models = yield* Effect.forEach(
      options.models ?? [randomModel({ architecture: "GCN", width: 4, seed: 1 })],
      inThreadPrep.loadModel,
    )
    const system = yield* startSystem({
      device,
      prep: inThreadPrep,
      profile: referenceProfile,
      policy: policies.base,
      preempt: null,
      takesTurns: false,
      elastic: true,
      tenants: [],
      mode: "continuous",
      shareWork: false,
      refuseTooLarge: true,
      expireLate: false,
      admit: "all",
      maxQueuedTasks: 1000,
      maxQueuedBytes: limits.maxQueuedBytes,
      historyTasks: 1000,
      ...options,
    })
    const submit: World["submit"] = (id, spec = {}) => {
      const graph = graphs[Number(spec.graph ?? 0)]!
      const model = models[Number(spec.model ?? 0)]!
      const full: TaskSpec = {
        id,
        tenant: "a",
        nodes: null,
        deadlineMs: null,
        priority: 0,
        ...spec,
        graph: graph.contentId,
        model: model.contentId,
      }
      return Effect.sync(() => system.submit(full, graph, model))
    }
    return { system, submit, device }
  })
