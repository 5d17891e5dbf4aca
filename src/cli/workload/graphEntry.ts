// A graph of a workload: which of its keys go together, told with the line, and the source it names.
import { Effect, Result } from "effect"
import type { BadConfig, InputError } from "../../model/errors.ts"
import type { GraphSource } from "../../model/Graph.ts"
import { nearest } from "../../model/nearest.ts"
import { presetNames } from "../../prep/presets/catalogue.ts"
import { configProblem } from "../decodeConfig.ts"
import { isGraphFile, parseFeatures, pathSource } from "../graphPath.ts"
import type { ConfigDocument } from "../readConfigFile.ts"
import { type Confinement, confineFolder, confinePath } from "./confinePath.ts"
import type { WorkloadFile, WorkloadFileGraph } from "./workloadSchema.ts"

/** A wrong key of an entry, or null for the entry itself. */
interface EntryProblem {
  readonly key: string | null
  readonly expected: string
}

const entryOf = (graph: WorkloadFileGraph) => (typeof graph === "string" ? { path: graph } : graph)

type Entry = ReturnType<typeof entryOf>

const keyBeside = (
  entry: Entry,
  keys: ReadonlyArray<keyof Entry>,
  beside: string,
): EntryProblem | null => {
  const key = keys.find((one) => entry[one] !== undefined)
  return key === undefined ? null : { key, expected: `no such key beside ${beside}` }
}

const presetProblem = (preset: string, entry: Entry): EntryProblem | null => {
  const extra = keyBeside(entry, ["path", "features", "undirected", "compact"], "preset")
  if (extra !== null || presetNames.includes(preset)) return extra
  const guess = nearest(preset, presetNames)
  const hint = guess === null ? "" : ` (did you mean ${guess}?)`
  return { key: "preset", expected: `a preset: ${presetNames.join(", ")}${hint}` }
}

const pathProblem = (path: string, entry: Entry): EntryProblem | null => {
  const problem = Result.getFailure(pathSource(path, entry))
  if (problem._tag === "Some") return problem.value
  const extra = keyBeside(entry, ["scale"], "path")
  if (extra !== null || entry.seed === undefined) return extra
  const isRandom = parseFeatures(entry.features ?? "", entry.seed)?.kind === "random"
  return isRandom ? null : { key: "seed", expected: "random features beside it, as features: 64" }
}

const problemOf = (graph: WorkloadFileGraph): EntryProblem | null => {
  const entry = entryOf(graph)
  if (entry.preset !== undefined) return presetProblem(entry.preset, entry)
  if (entry.path !== undefined) return pathProblem(entry.path, entry)
  return { key: null, expected: "a path or a preset" }
}

/** Told here, where the line is known, rather than when the graph is loaded. */
export const checkGraphs = (
  document: ConfigDocument,
  file: WorkloadFile,
): Effect.Effect<void, BadConfig> =>
  Effect.gen(function* () {
    for (const [name, graph] of Object.entries(file.graphs)) {
      const problem = problemOf(graph)
      if (problem === null) continue
      const key = problem.key === null ? [] : [problem.key]
      return yield* configProblem(document, ["graphs", name, ...key], problem.expected)
    }
  })

/** Of an entry in which `checkGraphs` found nothing. */
export const graphSource = (
  confinement: Confinement,
  graph: WorkloadFileGraph,
): Effect.Effect<GraphSource, InputError> => {
  const entry = entryOf(graph)
  if (entry.preset !== undefined) {
    const { preset, seed, scale } = entry
    return Effect.succeed({ kind: "preset", preset, seed: seed ?? 0, scale: scale ?? 1 })
  }
  const path = entry.path!
  const confine = isGraphFile(path) ? confinePath : confineFolder
  return Effect.map(confine(confinement, path), (confined) =>
    Result.getOrThrow(pathSource(confined, entry)),
  )
}
