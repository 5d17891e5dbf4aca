// The Effect face of the embedded runtime: a service that holds a device, a prep pool and the
// actors for as long as its scope lives. The Promise face (Runtime.ts) stands on it.
import { Context, Deferred, Effect, Layer, type Scope } from "effect"
import { Catalog } from "../actors/Catalog.ts"
import type { LiveTask, TaskSuccess } from "../actors/LiveTask.ts"
import { rolesOf } from "../actors/PreparedTask.ts"
import { type ActorSystem, type SystemOptions, startSystem } from "../actors/Supervisor.ts"
import type { StateListener } from "../actors/TaskBook.ts"
import {
  type DeviceUnavailable,
  type InputError,
  type PrepError,
  type TaskError,
  UnknownId,
} from "../model/errors.ts"
import type { ModelSource } from "../model/GnnModel.ts"
import type { GraphSource } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type { DeviceInfo, RunReport } from "../model/RunReport.ts"
import type { TaskSpec, TaskState } from "../model/Task.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import { openDevice, openPrep } from "./openParts.ts"
import { type OptionsError, type ResolvedOptions, resolveOptions } from "./options.ts"
import type { GraphHandle, ModelHandle, RuntimeOptions } from "./RuntimeApi.ts"

export interface EffectTask {
  readonly id: string
  readonly state: Effect.Effect<TaskState>
  /** Settles when the task has ended: with its output, or with its typed error. */
  readonly result: Effect.Effect<TaskSuccess, TaskError>
  readonly cancel: Effect.Effect<void>
}

export interface GnnSchedService {
  readonly device: DeviceInfo
  readonly loadGraph: (source: GraphSource) => Effect.Effect<GraphHandle, InputError | PrepError>
  readonly loadModel: (source: ModelSource) => Effect.Effect<ModelHandle, InputError | PrepError>
  /** Fails only for a graph or model that was not loaded; a refusal is the task's result. */
  readonly submit: (spec: TaskSpec) => Effect.Effect<EffectTask, UnknownId>
  readonly estimate: (
    graph: string,
    model: string,
    targets: number | null,
  ) => Effect.Effect<Plan, InputError | UnknownId>
  /** Settles when what can be made ahead of the tasks of what was loaded and estimated so far is made. */
  readonly ready: Effect.Effect<void>
  readonly listen: (listener: StateListener) => Effect.Effect<() => void>
  readonly drain: Effect.Effect<void>
  readonly report: Effect.Effect<RunReport>
}

export class GnnSched extends Context.Service<GnnSched, GnnSchedService>()(
  "gnnsched/runtime/GnnSched",
) {
  static readonly layer = (
    options: RuntimeOptions = {},
  ): Layer.Layer<GnnSched, DeviceUnavailable | OptionsError> =>
    Layer.effect(GnnSched, openGnnSched(options))
}

/** Opens the runtime in this thread; closing the scope cancels what runs and gives all back. */
export const openGnnSched = (
  options: RuntimeOptions = {},
): Effect.Effect<GnnSchedService, DeviceUnavailable | OptionsError, Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* resolveOptions(options)
    const device = yield* openDevice(resolved)
    const prep = yield* openPrep(resolved)
    return yield* serveGnnSched({ ...resolved, device, prep })
  })

export type ServeOptions = SystemOptions & Pick<ResolvedOptions, "policyName" | "settings">

/** The service on a device and a preparation that are open already. */
export const serveGnnSched = (
  options: ServeOptions,
): Effect.Effect<GnnSchedService, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { device, prep } = options
    const system = yield* startSystem(options)
    yield* Effect.addFinalizer(() => shutDown(system))
    const catalog = new Catalog()
    return {
      device: device.info,
      ...loaders(catalog, prep),
      submit: submitTo(system, catalog),
      estimate: (graphId, modelId, targets) =>
        Effect.gen(function* () {
          const { graph, model } = yield* lookUp(catalog, graphId, modelId)
          const plan = yield* Effect.fromResult(system.estimator.plan(model, graph.shape, targets))
          const roles = rolesOf(plan)
          yield* prep.prefetch({ taskId: "an estimate", graph, model, roles })
          return plan
        }),
      ready: prep.prefetched,
      listen: (listener) => Effect.sync(() => system.book.listen(listener)),
      drain: system.drain,
      report: Effect.map(device.stats, ({ peakBytes }) =>
        reportOf(system, options, { ...device.info, peakBytes }),
      ),
    }
  })

const loaders = (
  catalog: Catalog,
  prep: PrepPoolService,
): Pick<GnnSchedService, "loadGraph" | "loadModel"> => ({
  loadGraph: (source) =>
    prep.loadGraph(source).pipe(
      Effect.flatMap((graph) => catalog.addGraph(graph)),
      Effect.map((graph) => ({ id: graph.contentId, shape: graph.shape })),
    ),
  loadModel: (source) =>
    prep.loadModel(source).pipe(
      Effect.flatMap((model) => catalog.addModel(model)),
      Effect.tap((model) => prep.prefetchWeights(model)),
      Effect.map((model) => ({ id: model.contentId, config: model.config })),
    ),
})

const lookUp = (catalog: Catalog, graphId: string, modelId: string) => {
  const graph = catalog.graphs.get(graphId)
  if (graph === undefined) return Effect.fail(new UnknownId({ what: "graph", id: graphId }))
  const model = catalog.models.get(modelId)
  if (model === undefined) return Effect.fail(new UnknownId({ what: "model", id: modelId }))
  return Effect.succeed({ graph, model })
}

/** What a caller holds of a task. Its effects are made when they are asked for: most are never. */
class TaskHandle implements EffectTask {
  readonly #system: ActorSystem
  readonly #task: LiveTask

  constructor(system: ActorSystem, task: LiveTask) {
    this.#system = system
    this.#task = task
  }

  get id(): string {
    return this.#task.spec.id
  }

  get state(): Effect.Effect<TaskState> {
    return Effect.sync(() => this.#task.state)
  }

  get result(): EffectTask["result"] {
    return Deferred.await(this.#task.done)
  }

  get cancel(): Effect.Effect<void> {
    return this.#system.cancel(this.#task)
  }
}

const submitTo =
  (system: ActorSystem, catalog: Catalog): GnnSchedService["submit"] =>
  (spec) =>
    Effect.suspend(() =>
      Effect.map(lookUp(catalog, spec.graph, spec.model), ({ graph, model }) => {
        const own = { ...spec, tenant: catalog.tenantName(spec.tenant) }
        return new TaskHandle(system, system.submit(own, graph, model))
      }),
    )

const reportOf = (
  system: ActorSystem,
  { mode, policyName, settings, tenants }: ServeOptions,
  device: RunReport["device"],
): RunReport => ({
  device,
  policy: policyName,
  mode,
  settings,
  tenants,
  tasks: system.book.records(),
  decisions: system.log.decisions.all(),
  memory: system.log.memory.all(),
  dropped: system.log.decisions.dropped + system.log.memory.dropped + system.book.dropped,
})

/** Nothing accepted is lost: what has not ended is cancelled, and we wait until it has ended. */
const shutDown = (system: ActorSystem): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* system.closeQueue
    const all = { concurrency: "unbounded", discard: true } as const
    yield* Effect.forEach(system.book.live(), system.cancel, all)
    yield* system.book.idle
  })
