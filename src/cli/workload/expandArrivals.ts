// From `arrivals` to the tasks that run: a task for each arrival of a trace or of a seeded Poisson
// process, of the model and graph that its kind maps to.
import { Effect } from "effect"
import type { BadConfig, InputError } from "../../model/errors.ts"
import { nearest } from "../../model/nearest.ts"
import { Random } from "../../prep/random.ts"
import { configProblem, showValue } from "../decodeConfig.ts"
import type { ConfigDocument } from "../readConfigFile.ts"
import { parseDuration } from "../units.ts"
import { type FileArrivals, type FileKind, parseRate } from "./arrivalsSchema.ts"
import { type Confinement, confinePath } from "./confinePath.ts"
import { checkReferences, checkTotal, declaredIn, defaultTenant } from "./expandTasks.ts"
import { readTrace } from "./readTrace.ts"
import type { WorkloadTask } from "./Workload.ts"
import type { WorkloadFile } from "./workloadSchema.ts"

interface ArrivalsContext {
  readonly document: ConfigDocument
  readonly file: WorkloadFile
  readonly confinement: Confinement
  /** Tasks that the file lists itself. */
  readonly listed: number
}

type Template = Omit<WorkloadTask, "id" | "atMs" | "tenant">

/** Keys that one of the two forms does not take, or a form that is missing. */
const checkForm = (document: ConfigDocument, arrivals: FileArrivals): BadConfig | null => {
  const { limit, map, poisson, scale, trace } = arrivals
  if ((trace === undefined) === (poisson === undefined)) {
    const found = trace === undefined ? "neither" : "both"
    return configProblem(document, ["arrivals"], "either trace or poisson", found)
  }
  if (trace === undefined) {
    const key = scale !== undefined ? "scale" : limit !== undefined ? "limit" : null
    const expected = "no such key beside poisson (it has its own rate and count)"
    return key === null ? null : configProblem(document, ["arrivals", key], expected)
  }
  for (const [kind, { share, tenant }] of Object.entries(map)) {
    const key = share !== undefined ? "share" : tenant !== undefined ? "tenant" : null
    if (key === null) continue
    const expected = "no such key beside trace (the trace says who sends what)"
    return configProblem(document, ["arrivals", "map", kind, key], expected)
  }
  return null
}

const checkKinds = ({ document, file }: ArrivalsContext, { map, trace }: FileArrivals) => {
  const all = declaredIn(file)
  // The tenants of a trace are looked at arrival by arrival.
  const declared = trace === undefined ? all : { ...all, tenants: null }
  const defaults = file.defaults ?? {}
  for (const [kind, entry] of Object.entries(map)) {
    const path = ["arrivals", "map", kind]
    const bad = checkReferences(document, path, { ...defaults, ...entry }, declared, true)
    if (bad !== null) return bad
  }
  return null
}

/** What all tasks of a kind have in common; their entries are numbered after the listed tasks'. */
const templatesOf = (
  { file }: ArrivalsContext,
  map: FileArrivals["map"],
): ReadonlyMap<string, Template> => {
  const defaults = file.defaults ?? {}
  const first = file.tasks?.length ?? 0
  return new Map(
    Object.entries(map).map(([kind, entry], index): [string, Template] => {
      const deadline = entry.deadline === undefined ? (defaults.deadline ?? null) : entry.deadline
      return [
        kind,
        {
          graph: (entry.graph ?? defaults.graph)!,
          model: (entry.model ?? defaults.model)!,
          nodes: null,
          deadlineMs: deadline === null ? null : parseDuration(deadline)!,
          priority: entry.priority ?? defaults.priority ?? 0,
          share: defaults.share ?? true,
          entry: first + index,
          place: `arrivals.map.${kind}`,
        },
      ]
    }),
  )
}

/** A kind that the map lacks, or a tenant that the file does not declare. */
const unknownName = (
  { document, file }: ArrivalsContext,
  what: "kind" | "tenant",
  found: { readonly name: string; readonly line: number },
  known: ReadonlyArray<string>,
): BadConfig => {
  const guess = nearest(found.name, known)
  const hint = guess === null ? "" : ` (did you mean ${guess}?)`
  const path = what === "kind" ? ["arrivals", "map"] : ["tenants"]
  const place = `${showValue(found.name)}, line ${found.line} of ${file.arrivals!.trace}${hint}`
  return configProblem(document, path, `the ${what} of every arrival`, `no ${place}`)
}

const fromTrace = Effect.fnUntraced(function* (
  context: ArrivalsContext,
  arrivals: FileArrivals,
  templates: ReadonlyMap<string, Template>,
): Effect.fn.Return<ReadonlyArray<WorkloadTask>, InputError> {
  const path = yield* confinePath(context.confinement, arrivals.trace!)
  const trace = yield* readTrace(path, arrivals.limit ?? null)
  const { tenants } = declaredIn(context.file)
  const scale = arrivals.scale ?? 1
  const tasks: Array<WorkloadTask> = []
  for (const [index, { atMs, kind, line, tenant }] of trace.entries()) {
    const template = templates.get(kind)
    if (template === undefined) {
      return yield* unknownName(context, "kind", { name: kind, line }, [...templates.keys()])
    }
    if (tenants !== null && !tenants.has(tenant)) {
      return yield* unknownName(context, "tenant", { name: tenant, line }, [...tenants])
    }
    tasks.push({ ...template, id: `${kind}/${index}`, tenant, atMs: atMs / scale })
  }
  return tasks
})

/** The kind whose share covers `position`, where the shares lie one after another. */
const kindAt = (
  kinds: ReadonlyArray<[string, FileKind]>,
  position: number,
): readonly [string, FileKind] => {
  let end = 0
  for (const kind of kinds) {
    end += kind[1].share ?? 1
    if (position < end) return kind
  }
  return kinds[kinds.length - 1]!
}

/** Exponential gaps; each arrival is of a kind by the kinds' shares. */
const fromPoisson = (
  { file }: ArrivalsContext,
  arrivals: FileArrivals,
  templates: ReadonlyMap<string, Template>,
): ReadonlyArray<WorkloadTask> => {
  const { count, rate, seed } = arrivals.poisson!
  const kinds: ReadonlyArray<[string, FileKind]> = Object.entries(arrivals.map)
  const total = kinds.reduce((sum, [, { share }]) => sum + (share ?? 1), 0)
  const random = new Random(seed ?? 0, "poisson")
  let atMs = 0
  return Array.from({ length: count }, (_, index) => {
    atMs -= (1000 / parseRate(rate)!) * Math.log(1 - random.uniform())
    const [kind, entry] = kindAt(kinds, random.uniform() * total)
    const tenant = entry.tenant ?? file.defaults?.tenant ?? defaultTenant
    return { ...templates.get(kind)!, id: `${kind}/${index}`, tenant, atMs }
  })
}

/** No tasks when the file has no `arrivals`. */
export const expandArrivals = Effect.fnUntraced(function* (
  context: ArrivalsContext,
): Effect.fn.Return<ReadonlyArray<WorkloadTask>, InputError> {
  const { document, file, listed } = context
  const { arrivals } = file
  if (arrivals === undefined) return []
  const bad = checkForm(document, arrivals) ?? checkKinds(context, arrivals)
  if (bad !== null) return yield* bad
  const templates = templatesOf(context, arrivals.map)
  const tasks =
    arrivals.trace === undefined
      ? fromPoisson(context, arrivals, templates)
      : yield* fromTrace(context, arrivals, templates)
  const tooMany = checkTotal(document, ["arrivals"], listed + tasks.length)
  if (tooMany !== null) return yield* tooMany
  return tasks
})
