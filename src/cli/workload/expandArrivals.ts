// From `arrivals` to the tasks that run: a task for each arrival of a trace, of a seeded stream or of a
// kind's own source, of the model and graph that its kind maps to.
import { Effect } from "effect"
import type { BadConfig, InputError } from "../../model/errors.ts"
import { nearest } from "../../model/nearest.ts"
import { Random } from "../../prep/random.ts"
import { configProblem, showValue } from "../decodeConfig.ts"
import type { ConfigDocument } from "../readConfigFile.ts"
import { parseDuration } from "../units.ts"
import { type FileArrivals, type FileKind, parseRate } from "./arrivalsSchema.ts"
import { burstTimes, poissonTimes } from "./arrivalTimes.ts"
import { type Confinement, confinePath } from "./confinePath.ts"
import { checkReferences, checkTotal, declaredIn, defaultTenant } from "./expandTasks.ts"
import { checkBursts, checkSource, comingOf, sourceKeys } from "./kindSource.ts"
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

const streams = ["trace", "poisson", "bursts"] as const

/** Where all kinds come from one stream: null where each has a source of its own. */
const streamOf = (arrivals: FileArrivals) =>
  streams.find((key) => arrivals[key] !== undefined) ?? null

/** Keys of a kind that do not go with the stream. */
const checkKindOfStream = (
  document: ConfigDocument,
  stream: (typeof streams)[number],
  [kind, entry]: readonly [string, FileKind],
): BadConfig | null => {
  const path = (key: string) => ["arrivals", "map", kind, key]
  const own = sourceKeys.find((key) => entry[key] !== undefined)
  if (own !== undefined) {
    const expected = `no such key beside ${stream} (it says when tasks of all kinds come)`
    return configProblem(document, path(own), expected)
  }
  if (stream !== "trace") return null
  const key = (["share", "tenant"] as const).find((one) => entry[one] !== undefined)
  if (key === undefined) return null
  return configProblem(
    document,
    path(key),
    "no such key beside trace (the trace says who sends what)",
  )
}

/** Keys that the form does not take, or more than one stream. */
const checkForm = (document: ConfigDocument, arrivals: FileArrivals): BadConfig | null => {
  const given = streams.filter((key) => arrivals[key] !== undefined)
  if (given.length > 1) {
    const expected = "one of trace, poisson and bursts"
    return configProblem(document, ["arrivals"], expected, given.join(" and "))
  }
  const stream = streamOf(arrivals)
  const foreign = [
    ...(stream === "trace" ? [] : (["scale", "limit"] as const)),
    ...(stream === null ? [] : (["seed"] as const)),
  ].find((key) => arrivals[key] !== undefined)
  if (foreign !== undefined) {
    const whose = foreign === "seed" ? "where each kind has a source" : "with a trace"
    return configProblem(document, ["arrivals", foreign], `no such key: it is ${whose}`)
  }
  const { bursts } = arrivals
  const rare = bursts === undefined ? null : checkBursts(document, ["arrivals", "bursts"], bursts)
  if (rare !== null) return rare
  for (const [kind, entry] of Object.entries(arrivals.map)) {
    const bad =
      stream === null
        ? checkSource(document, ["arrivals", "map", kind], entry)
        : checkKindOfStream(document, stream, [kind, entry])
    if (bad !== null) return bad
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

/** One stream; each arrival is of a kind by the kinds' shares. */
const fromStream = (
  { file }: ArrivalsContext,
  arrivals: FileArrivals,
  templates: ReadonlyMap<string, Template>,
): ReadonlyArray<WorkloadTask> => {
  const { bursts, poisson } = arrivals
  const { count, rate, seed } = (poisson ?? bursts)!
  const kinds: ReadonlyArray<[string, FileKind]> = Object.entries(arrivals.map)
  const total = kinds.reduce((sum, [, { share }]) => sum + (share ?? 1), 0)
  const random = new Random(seed ?? 0, bursts === undefined ? "poisson" : "bursts")
  const perSecond = parseRate(rate)!
  const times =
    bursts === undefined
      ? poissonTimes(perSecond, random)
      : burstTimes(
          { perSecond, onMs: parseDuration(bursts.on)!, offMs: parseDuration(bursts.off)! },
          random,
        )
  const tasks: Array<WorkloadTask> = []
  for (const atMs of times) {
    const [kind, entry] = kindAt(kinds, random.uniform() * total)
    const tenant = entry.tenant ?? file.defaults?.tenant ?? defaultTenant
    tasks.push({ ...templates.get(kind)!, id: `${kind}/${tasks.length}`, tenant, atMs })
    if (tasks.length >= count) break
  }
  return tasks
}

/** Each kind from its own source, with chance of its own: a kind more changes no other. */
const fromSources = (
  { file }: ArrivalsContext,
  arrivals: FileArrivals,
  templates: ReadonlyMap<string, Template>,
): ReadonlyArray<WorkloadTask> =>
  Object.entries(arrivals.map).flatMap(([kind, entry]) => {
    const idOf = (index: number) => `${kind}/${index}`
    const random = new Random(arrivals.seed ?? 0, `arrivals ${kind}`)
    const tenant = entry.tenant ?? file.defaults?.tenant ?? defaultTenant
    return comingOf(entry, random, idOf).map((coming, index) => {
      return { ...templates.get(kind)!, id: idOf(index), tenant, ...coming }
    })
  })

const tasksOf = (
  context: ArrivalsContext,
  arrivals: FileArrivals,
  templates: ReadonlyMap<string, Template>,
): Effect.Effect<ReadonlyArray<WorkloadTask>, InputError> => {
  if (arrivals.trace !== undefined) return fromTrace(context, arrivals, templates)
  const make = streamOf(arrivals) === null ? fromSources : fromStream
  return Effect.succeed(make(context, arrivals, templates))
}

/** Before they are made: counts that are too much together. */
const countOf = ({ bursts, map, poisson }: FileArrivals): number =>
  (poisson ?? bursts)?.count ?? Object.values(map).reduce((sum, { count }) => sum + (count ?? 0), 0)

/** No tasks when the file has no `arrivals`. */
export const expandArrivals = Effect.fnUntraced(function* (
  context: ArrivalsContext,
): Effect.fn.Return<ReadonlyArray<WorkloadTask>, InputError> {
  const { document, file, listed } = context
  const { arrivals } = file
  if (arrivals === undefined) return []
  const bad = checkForm(document, arrivals) ?? checkKinds(context, arrivals)
  if (bad !== null) return yield* bad
  const tooMany = (count: number) => checkTotal(document, ["arrivals"], listed + count)
  const before = tooMany(countOf(arrivals))
  if (before !== null) return yield* before
  const tasks = yield* tasksOf(context, arrivals, templatesOf(context, arrivals.map))
  const after = tooMany(tasks.length)
  if (after !== null) return yield* after
  return tasks
})
