// Runs a workload on an open runtime: loads and checks everything, then submits each task at its
// time, writes outputs as they come, and answers the report with the workload's own names.
import { Clock, Effect, Fiber, Ref, Semaphore } from "effect"
import { BadConfig, NodeOutOfRange, Unsupported } from "../model/errors.ts"
import type { RunReport } from "../model/RunReport.ts"
import type { TaskOutput } from "../model/Task.ts"
import { encodeNpy } from "../prep/npy.ts"
import type { GraphHandle, ModelHandle, RuntimeApi } from "../runtime/RuntimeApi.ts"
import { attempt } from "./attempt.ts"
import type { GnnschedError } from "./describeError.ts"
import type { Progress } from "./progress.ts"
import type { OutputFolder } from "./report/OutputFolder.ts"
import { rebaseReport, type TaskNames } from "./report/rebaseReport.ts"
import { outputName, type Workload, type WorkloadTask } from "./workload/Workload.ts"

export interface LoadedWorkload {
  readonly workload: Workload
  readonly graphs: ReadonlyMap<string, GraphHandle>
  readonly models: ReadonlyMap<string, ModelHandle>
}

/** Outputs that are written at the same time. */
const writers = 4

const loadAll = <Source, Handle>(
  what: string,
  sources: ReadonlyMap<string, Source>,
  load: (source: Source) => Promise<Handle>,
  progress: Progress,
): Effect.Effect<ReadonlyMap<string, Handle>, GnnschedError> =>
  Effect.forEach([...sources], ([name, source]) => {
    progress.phase(`loading ${what} ${name}`)
    return Effect.map(
      attempt(() => load(source)),
      (handle) => [name, handle] as const,
    )
  }).pipe(Effect.map((pairs) => new Map(pairs)))

const checkNodes = (task: WorkloadTask, numNodes: number): NodeOutOfRange | null => {
  const position = task.nodes?.findIndex((node) => node >= numNodes) ?? -1
  if (position === -1) return null
  return new NodeOutOfRange({ task: task.id, position, node: task.nodes![position]!, numNodes })
}

/**
 * Every kind of task is planned once, before the first runs: a graph of the wrong width or a node
 * that is not there is found now, not in the middle of a run.
 */
const checkTasks = (
  runtime: RuntimeApi,
  { workload, graphs, models }: LoadedWorkload,
): Effect.Effect<void, GnnschedError> =>
  Effect.gen(function* () {
    const planned = new Set<string>()
    const checkedEntries = new Set<number>()
    for (const task of workload.tasks) {
      if (checkedEntries.has(task.entry)) continue
      checkedEntries.add(task.entry)
      const graph = graphs.get(task.graph)!
      const outside = checkNodes(task, graph.shape.numNodes)
      if (outside !== null) return yield* outside
      const targets = task.nodes?.length
      const kind = JSON.stringify([task.graph, task.model, targets])
      if (planned.has(kind)) continue
      planned.add(kind)
      const model = models.get(task.model)!
      yield* attempt(() =>
        runtime.estimate({ graph, model, ...(targets === undefined ? {} : { targets }) }),
      ).pipe(Effect.mapError((error) => nameInputs(error, workload, task)))
    }
  })

/** A planner knows neither file nor task: the error says which entry of the workload it met. */
const nameInputs = (
  error: GnnschedError,
  workload: Workload,
  task: WorkloadTask,
): GnnschedError => {
  if (error._tag !== "BadConfig" && error._tag !== "Unsupported") return error
  const place = `tasks[${task.entry}] (model ${task.model} on graph ${task.graph})`
  const path = error.path === "" ? place : `${place}, ${error.path}`
  const named = { file: workload.file, path }
  return error._tag === "BadConfig"
    ? new BadConfig({ ...error, ...named })
    : new Unsupported({ ...error, ...named })
}

/** Loads every graph and model, used or not: a workload with a broken file does not start. */
export const loadWorkload = Effect.fnUntraced(function* (
  runtime: RuntimeApi,
  workload: Workload,
  progress: Progress,
): Effect.fn.Return<LoadedWorkload, GnnschedError> {
  const graphs = yield* loadAll(
    "graph",
    workload.graphs,
    (source) => runtime.loadGraph(source),
    progress,
  )
  const models = yield* loadAll(
    "model",
    workload.models,
    (source) => runtime.loadModel(source),
    progress,
  )
  const loaded = { workload, graphs, models }
  yield* checkTasks(runtime, loaded)
  return loaded
})

const writeOutput = (folder: OutputFolder | null, taskId: string, output: TaskOutput) =>
  folder === null
    ? Effect.void
    : folder.stageOutput(outputName(taskId), encodeNpy([output.rows, output.cols], output.data))

/** Names, and the order of the workload, for the runtime's report. */
const namedReport = (workload: Workload, report: RunReport): RunReport => {
  const names: TaskNames = new Map(
    workload.tasks.map(({ id, graph, model }) => [id, { graph, model }]),
  )
  const order = new Map(workload.tasks.map(({ id }, index) => [id, index]))
  const rank = (id: string) => order.get(id) ?? workload.tasks.length
  const tasks = report.tasks.toSorted((a, b) => rank(a.id) - rank(b.id))
  return rebaseReport({ ...report, tasks }, names)
}

/** Submits, waits, and reports. A task that fails is a line of the report, not an error here. */
export const runLoaded = Effect.fnUntraced(function* (
  runtime: RuntimeApi,
  { workload, graphs, models }: LoadedWorkload,
  folder: OutputFolder | null,
  progress: Progress,
): Effect.fn.Return<RunReport, GnnschedError> {
  const total = workload.tasks.length
  const ended = yield* Ref.make({ done: 0, hurt: 0 })
  const writing = yield* Semaphore.make(writers)
  const count = (hurt: number) =>
    Ref.updateAndGet(ended, (was) => ({ done: was.done + 1, hurt: was.hurt + hurt })).pipe(
      Effect.map((now) => progress.update(now.done, total, now.hurt)),
    )
  const follow = (task: WorkloadTask, submitted: Promise<{ readonly output: TaskOutput }>) =>
    attempt(() => submitted).pipe(
      Effect.matchEffect({
        onSuccess: ({ output }) =>
          Effect.andThen(writing.withPermit(writeOutput(folder, task.id, output)), count(0)),
        // Why it failed is in the runtime's report.
        onFailure: () => count(1),
      }),
    )
  const startMs = yield* Clock.currentTimeMillis
  const followers: Array<Fiber.Fiber<void, GnnschedError>> = []
  for (const task of workload.tasks.toSorted((a, b) => a.atMs - b.atMs)) {
    const waitMs = startMs + task.atMs - (yield* Clock.currentTimeMillis)
    if (waitMs > 0) yield* Effect.sleep(waitMs)
    const handle = runtime.submit({
      id: task.id,
      tenant: task.tenant,
      graph: graphs.get(task.graph)!,
      model: models.get(task.model)!,
      nodes: task.nodes,
      deadlineMs: task.deadlineMs,
      priority: task.priority,
    })
    followers.push(yield* Effect.forkChild(follow(task, handle.result)))
  }
  yield* Fiber.joinAll(followers)
  return namedReport(workload, yield* attempt(() => runtime.report()))
})
