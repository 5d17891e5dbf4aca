// The runtime as promises over plain data, in this thread: what the Promise face calls directly
// with `inProcess`, and what the runtime worker serves to it otherwise.
import { Cause, Effect, Exit, Scope } from "effect"
import type { StateListener } from "../actors/TaskBook.ts"
import type { ModelSource } from "../model/GnnModel.ts"
import type { GraphSource } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type { DeviceInfo, RunReport } from "../model/RunReport.ts"
import type { TaskSpec } from "../model/Task.ts"
import { type GnnSchedService, openGnnSched } from "./GnnSched.ts"
import type { GraphHandle, ModelHandle, RuntimeOptions, TaskResult } from "./RuntimeApi.ts"

/** Every rejection is a tagged error of model/errors.ts. */
export interface Backend {
  readonly device: DeviceInfo
  loadGraph(source: GraphSource): Promise<GraphHandle>
  loadModel(source: ModelSource): Promise<ModelHandle>
  /** Tasks that come at once; each settles when it has ended. */
  submit(specs: ReadonlyArray<TaskSpec>): ReadonlyArray<Promise<TaskResult>>
  cancel(id: string): Promise<void>
  estimate(graph: string, model: string, targets: number | null): Promise<Plan>
  ready(): Promise<void>
  drain(): Promise<void>
  report(): Promise<RunReport>
  close(): Promise<void>
}

/** `onState` hears of every move of every accepted task. */
export const openBackend = async (
  options: RuntimeOptions,
  onState: StateListener,
): Promise<Backend> => {
  const scope = Scope.makeUnsafe()
  const opened = openGnnSched(options).pipe(
    Effect.tap((service) => service.listen(onState)),
    Scope.provide(scope),
  )
  try {
    return backendOf(await run(opened), scope)
  } catch (error) {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    throw error
  }
}

const backendOf = (service: GnnSchedService, scope: Scope.Closeable): Backend => {
  const cancels = new Map<string, Effect.Effect<void>>()
  const submit = (spec: TaskSpec) =>
    Effect.flatMap(service.submit(spec), (task) => {
      const fresh = !cancels.has(spec.id)
      if (fresh) cancels.set(spec.id, task.cancel)
      return Effect.ensuring(
        task.result,
        Effect.sync(() => fresh && cancels.delete(spec.id)),
      )
    })
  return {
    device: service.device,
    loadGraph: (source) => run(service.loadGraph(source)),
    loadModel: (source) => run(service.loadModel(source)),
    submit: (specs) => specs.map((spec) => run(submit(spec))),
    cancel: (id) => run(cancels.get(id) ?? Effect.void),
    estimate: (graph, model, targets) => run(service.estimate(graph, model, targets)),
    ready: () => run(service.ready),
    drain: () => run(service.drain),
    report: () => run(service.report),
    close: () => run(Scope.close(scope, Exit.void)),
  }
}

/** Rejects with the typed error itself, never with a wrapper. */
const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}
