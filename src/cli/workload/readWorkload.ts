// The workload's door: reads the file, checks all of it, and answers a Workload that can run. It
// loads no graph and no model; the runtime does that before the first task is submitted.
import { Effect } from "effect"
import type { BadConfig, InputError } from "../../model/errors.ts"
import type { ModelSource } from "../../model/GnnModel.ts"
import { limits } from "../../model/limits.ts"
import { configProblem, decodeConfig } from "../decodeConfig.ts"
import { type ConfigDocument, readConfigFile } from "../readConfigFile.ts"
import { type Confinement, confinementOf, confinePath } from "./confinePath.ts"
import { dropNulls } from "./dropNulls.ts"
import { expandArrivals } from "./expandArrivals.ts"
import { checkTogether, expandTasks, listTenants } from "./expandTasks.ts"
import { checkGraphs, graphSource } from "./graphEntry.ts"
import type { Workload } from "./Workload.ts"
import { type WorkloadFile, type WorkloadFileModel, workloadSchema } from "./workloadSchema.ts"

export interface ReadWorkloadOptions {
  readonly allowOutside: boolean
}

/** `gcn.json` → `gcn.safetensors`: where weights lie that the workload does not name. */
export const weightsBeside = (configPath: string): string =>
  configPath.replace(/(\.json)?$/i, ".safetensors")

/** Weights where a model's JSON must be named: the JSON beside them, where there is one, is meant. */
const notWeights = Effect.fnUntraced(function* (
  document: ConfigDocument,
  confinement: Confinement,
  name: string,
  model: WorkloadFileModel,
): Effect.fn.Return<void, BadConfig> {
  const config = typeof model === "string" ? model : model.config
  if (!/\.safetensors$/i.test(config)) return
  const json = config.replace(/\.safetensors$/i, ".json")
  const isThere = yield* Effect.isSuccess(confinePath(confinement, json))
  const hint = isThere ? ` (did you mean ${json}?)` : ""
  const path = ["models", name, ...(typeof model === "string" ? [] : ["config"])]
  return yield* configProblem(document, path, `a model's JSON, not its weights${hint}`, config)
})

const modelSource = Effect.fnUntraced(function* (
  confinement: Confinement,
  model: WorkloadFileModel,
): Effect.fn.Return<ModelSource, InputError> {
  const config = typeof model === "string" ? model : model.config
  const weights = typeof model === "string" ? undefined : model.weights
  const configPath = yield* confinePath(confinement, config)
  if (typeof weights === "object") {
    return { kind: "file", configPath, weights: { seed: weights.seed } }
  }
  const path = yield* confinePath(confinement, weights ?? weightsBeside(config))
  return { kind: "file", configPath, weights: { path } }
})

const resolveAll = <In, Out>(
  entries: Readonly<Record<string, In>>,
  resolveOne: (entry: In, name: string) => Effect.Effect<Out, InputError>,
): Effect.Effect<ReadonlyMap<string, Out>, InputError> =>
  Effect.forEach(Object.entries(entries), ([name, entry]) =>
    Effect.map(resolveOne(entry, name), (source) => [name, source] as const),
  ).pipe(Effect.map((pairs) => new Map(pairs)))

const checkCounts = (document: ConfigDocument, file: WorkloadFile) =>
  Effect.gen(function* () {
    const bounds = [
      ["graphs", limits.maxGraphs],
      ["models", limits.maxModels],
    ] as const
    for (const [key, limit] of bounds) {
      const found = Object.keys(file[key]).length
      if (found <= limit) continue
      return yield* configProblem(document, [key], `at most ${limit} ${key}`, `${found}`)
    }
  })

export const workloadFromDocument = Effect.fnUntraced(function* (
  written: ConfigDocument,
  options: ReadWorkloadOptions,
): Effect.fn.Return<Workload, InputError> {
  const document = dropNulls(written)
  const file = yield* decodeConfig(document, workloadSchema)
  yield* checkCounts(document, file)
  yield* checkGraphs(document, file)
  if (file.tasks === undefined && file.arrivals === undefined) {
    return yield* configProblem(document, ["tasks"], "a list of tasks, or arrivals", "neither")
  }
  const listed = yield* expandTasks(document, file)
  const confinement = confinementOf(document.file, options.allowOutside)
  const arriving = yield* expandArrivals({ document, file, confinement, listed: listed.length })
  const tasks = arriving.length === 0 ? listed : [...listed, ...arriving]
  const together = checkTogether(document, tasks)
  if (together !== null) return yield* together
  const graphs = yield* resolveAll(file.graphs, (graph) => graphSource(confinement, graph))
  const models = yield* resolveAll(file.models, (model, name) =>
    Effect.andThen(notWeights(document, confinement, name, model), modelSource(confinement, model)),
  )
  return { file: document.file, graphs, models, tenants: listTenants(file, tasks), tasks }
})

export const readWorkload = Effect.fnUntraced(function* (
  file: string,
  options: ReadWorkloadOptions,
): Effect.fn.Return<Workload, InputError> {
  return yield* workloadFromDocument(yield* readConfigFile(file), options)
})
