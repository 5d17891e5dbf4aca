// Loads what a workload names and checks every kind of task, before the first one is submitted: on a
// runtime or in a simulation, by the same steps.
import { Effect } from "effect"
import { BadConfig, NodeOutOfRange, Unsupported } from "../model/errors.ts"
import type { ModelSource } from "../model/GnnModel.ts"
import type { GraphSource } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type { RunReport } from "../model/RunReport.ts"
import { readJsonFile } from "../prep/model/readJson.ts"
import type { GraphHandle, ModelHandle } from "../runtime/RuntimeApi.ts"
import { attemptSync } from "./attempt.ts"
import type { GnnschedError } from "./describeError.ts"
import type { Progress } from "./progress.ts"
import type { NamedReport, RunInputs } from "./report/RunInputs.ts"
import { rebaseReport, type TaskNames } from "./report/rebaseReport.ts"
import type { Workload, WorkloadTask } from "./workload/Workload.ts"

export interface LoadedWorkload {
  readonly workload: Workload
  readonly graphs: ReadonlyMap<string, GraphHandle>
  readonly models: ReadonlyMap<string, ModelHandle>
  /** For the report, as they were when they were loaded. */
  readonly inputs: RunInputs
}

/** The part of a runtime that loading needs. */
export interface Loader {
  readonly loadGraph: (source: GraphSource) => Effect.Effect<GraphHandle, GnnschedError>
  readonly loadModel: (source: ModelSource) => Effect.Effect<ModelHandle, GnnschedError>
  readonly estimate: (input: {
    readonly graph: GraphHandle
    readonly model: ModelHandle
    readonly targets: number | null
  }) => Effect.Effect<Plan, GnnschedError>
}

const loadAll = <Source, Handle>(
  what: string,
  sources: ReadonlyMap<string, Source>,
  load: (source: Source) => Effect.Effect<Handle, GnnschedError>,
  progress: Progress,
): Effect.Effect<ReadonlyMap<string, Handle>, GnnschedError> =>
  Effect.forEach([...sources], ([name, source], index) => {
    progress.load(`${what} ${name}`, index + 1, sources.size)
    return Effect.map(load(source), (handle) => [name, handle] as const)
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
  runtime: Loader,
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
      const targets = task.nodes?.length ?? null
      const kind = JSON.stringify([task.graph, task.model, targets])
      if (planned.has(kind)) continue
      planned.add(kind)
      const model = models.get(task.model)!
      yield* runtime
        .estimate({ graph, model, targets })
        .pipe(Effect.mapError((error) => nameInputs(error, workload, task)))
    }
  })

const modelName = (source: ModelSource): string =>
  source.kind === "file" ? source.configPath : "made in memory"

const graphName = (source: GraphSource): string => {
  if (source.kind === "arrays") return "made in memory"
  if (source.kind === "shape") return source.name
  return source.kind === "preset" ? `preset ${source.preset}` : source.path
}

/** A planner knows neither file nor task: the error says which entry of the workload it met. */
const nameInputs = (
  error: GnnschedError,
  workload: Workload,
  task: WorkloadTask,
): GnnschedError => {
  if (error._tag !== "BadConfig" && error._tag !== "Unsupported") return error
  const model = workload.models.get(task.model)!
  const graph = workload.graphs.get(task.graph)!
  const place =
    `${task.place} (model ${task.model}: ${modelName(model)}, ` +
    `on graph ${task.graph}: ${graphName(graph)})`
  const path = error.path === "" ? place : `${place}, ${error.path}`
  const named = { file: workload.file, path }
  return error._tag === "BadConfig"
    ? new BadConfig({ ...error, ...named })
    : new Unsupported({ ...error, ...named })
}

/** Loads every graph and model, used or not: a workload with a broken file does not start. */
export const loadWorkload = Effect.fnUntraced(function* (
  runtime: Loader,
  workload: Workload,
  progress: Progress,
): Effect.fn.Return<LoadedWorkload, GnnschedError> {
  const graphs = yield* loadAll("graph", workload.graphs, runtime.loadGraph, progress)
  const models = yield* loadAll("model", workload.models, runtime.loadModel, progress)
  const inputs = yield* attemptSync(() => inputsOf({ workload, graphs, models }))
  const loaded = { workload, graphs, models, inputs }
  yield* checkTasks(runtime, loaded)
  return loaded
})

/** The JSON a model was made of: the file has been read before and was in order. */
const configOf = (source: ModelSource): Readonly<Record<string, unknown>> =>
  source.kind === "file"
    ? (readJsonFile(source.configPath) as Readonly<Record<string, unknown>>)
    : source.config

const inputsOf = ({ workload, graphs, models }: Omit<LoadedWorkload, "inputs">): RunInputs => ({
  graphs: Object.fromEntries([...graphs].map(([name, { id, shape }]) => [name, { id, ...shape }])),
  models: Object.fromEntries(
    [...models].map(([name, { id }]) => {
      return [name, { id, config: configOf(workload.models.get(name)!) }]
    }),
  ),
  nodes: new Map(
    workload.tasks.flatMap(({ id, nodes }) => (nodes === null ? [] : [[id, nodes] as const])),
  ),
})

/** Names, and the order of the workload, for the runtime's report. */
export const namedReport = (loaded: LoadedWorkload, report: RunReport): NamedReport => {
  const { workload } = loaded
  const names: TaskNames = new Map(
    workload.tasks.map(({ id, graph, model }) => [id, { graph, model }]),
  )
  const order = new Map(workload.tasks.map(({ id }, index) => [id, index]))
  const rank = (id: string) => order.get(id) ?? workload.tasks.length
  const tasks = report.tasks.toSorted((a, b) => rank(a.id) - rank(b.id))
  return { ...rebaseReport({ ...report, tasks }, names), inputs: loaded.inputs }
}
