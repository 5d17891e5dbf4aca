// From the file's tasks to the tasks that run: defaults applied, references checked, `count`
// expanded, ids unique as ids and as names of output files.
import { Effect } from "effect"
import type { BadConfig } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { nearest } from "../../model/nearest.ts"
import type { TenantInfo, TenantQuota } from "../../model/RunReport.ts"
import { configProblem, showValue } from "../decodeConfig.ts"
import type { ConfigDocument, DocumentPath } from "../readConfigFile.ts"
import { parseBytes, parseDuration } from "../units.ts"
import { outputName, type WorkloadTask } from "./Workload.ts"
import type { WorkloadFile, WorkloadFileTask } from "./workloadSchema.ts"

export const defaultTenant = "default"
const shownNames = 8

const oneOf = (what: string, names: ReadonlyArray<string>): string => {
  if (names.length === 0) return `a ${what} (the file declares none)`
  const more = names.length > shownNames ? `, … (${names.length} in all)` : ""
  return `a declared ${what}: ${names.slice(0, shownNames).join(", ")}${more}`
}

/** Fails unless `found` is one of the names that the file declares. */
const checkReference = (
  document: ConfigDocument,
  path: DocumentPath,
  reference: { readonly what: string; readonly found: string | undefined },
  names: ReadonlySet<string>,
): BadConfig | null => {
  const { what, found } = reference
  if (found !== undefined && names.has(found)) return null
  const guess = found === undefined ? null : nearest(found, names)
  const hint = guess === null ? "" : ` (did you mean ${guess}?)`
  return configProblem(document, path, `${oneOf(what, [...names])}${hint}`, showValue(found))
}

export interface Declared {
  readonly graphs: ReadonlySet<string>
  readonly models: ReadonlySet<string>
  /** null: the file has no `tenants`, any name will do. */
  readonly tenants: ReadonlySet<string> | null
}

export const checkReferences = (
  document: ConfigDocument,
  path: DocumentPath,
  entry: { readonly graph?: string; readonly model?: string; readonly tenant?: string },
  declared: Declared,
  required: boolean,
): BadConfig | null => {
  const check = (what: "graph" | "model" | "tenant", names: ReadonlySet<string> | null) => {
    const found = entry[what]
    if (names === null || (found === undefined && !required)) return null
    return checkReference(document, [...path, what], { what, found }, names)
  }
  return (
    check("graph", declared.graphs) ??
    check("model", declared.models) ??
    check("tenant", declared.tenants)
  )
}

/** The id itself, or `id/0` … when the task has a count. */
const expandedIds = (task: WorkloadFileTask): ReadonlyArray<string> =>
  task.count === undefined
    ? [task.id]
    : Array.from({ length: task.count }, (_, index) => `${task.id}/${index}`)

const expandTask = (
  task: WorkloadFileTask,
  entry: number,
  defaults: NonNullable<WorkloadFile["defaults"]>,
): ReadonlyArray<WorkloadTask> => {
  const deadline = task.deadline === undefined ? (defaults.deadline ?? null) : task.deadline
  const at = parseDuration(task.at ?? 0)!
  const every = parseDuration(task.every ?? 0)!
  const shared = {
    tenant: task.tenant ?? defaults.tenant ?? defaultTenant,
    graph: (task.graph ?? defaults.graph)!,
    model: (task.model ?? defaults.model)!,
    nodes: task.nodes ?? null,
    deadlineMs: deadline === null ? null : parseDuration(deadline)!,
    priority: task.priority ?? defaults.priority ?? 0,
    share: task.share ?? defaults.share ?? true,
    entry,
    place: `tasks[${entry}]`,
  }
  return expandedIds(task).map((id, index) => ({ ...shared, id, atMs: at + index * every }))
}

/** The first task whose id, or whose output file, another task has already. */
const findCollision = (
  document: ConfigDocument,
  tasks: ReadonlyArray<WorkloadTask>,
): BadConfig | null => {
  const owners = new Map<string, WorkloadTask>()
  for (const task of tasks) {
    const other = owners.get(outputName(task.id))
    if (other === undefined) {
      owners.set(outputName(task.id), task)
      continue
    }
    const expected =
      other.id === task.id
        ? `an id that no other task has (${other.place} has it)`
        : `an id whose output file no other task writes (${other.id} of ${other.place} ` +
          `writes ${outputName(other.id)} too)`
    const path: DocumentPath = task.place.startsWith("tasks")
      ? ["tasks", task.entry, "id"]
      : ["arrivals"]
    return configProblem(document, path, expected, showValue(task.id))
  }
  return null
}

/** Tenants with their weights; those a file without `tenants` only mentions weigh 1. */
type FileQuota = NonNullable<NonNullable<WorkloadFile["tenants"]>[string]["quota"]>

const quotaOf = ({ deviceShare, memory, tasks }: FileQuota): TenantQuota => ({
  ...(tasks === undefined ? {} : { tasks }),
  ...(memory === undefined ? {} : { bytes: parseBytes(memory)! }),
  ...(deviceShare === undefined ? {} : { deviceShare }),
})

export const listTenants = (
  file: WorkloadFile,
  tasks: ReadonlyArray<WorkloadTask>,
): ReadonlyArray<TenantInfo> => {
  if (file.tenants !== undefined) {
    return Object.entries(file.tenants).map(([id, { quota, weight }]) => ({
      id,
      weight: weight ?? 1,
      ...(quota === undefined ? {} : { quota: quotaOf(quota) }),
    }))
  }
  return [...new Set(tasks.map((task) => task.tenant))].map((id) => ({ id, weight: 1 }))
}

const checkTenantCount = (document: ConfigDocument, tenants: number): BadConfig | null =>
  tenants <= limits.maxTenants
    ? null
    : configProblem(
        document,
        ["tenants"],
        `at most ${limits.maxTenants} tenants`,
        `${tenants} tenants`,
      )

export const declaredIn = (file: WorkloadFile): Declared => ({
  graphs: new Set(Object.keys(file.graphs)),
  models: new Set(Object.keys(file.models)),
  tenants: file.tenants === undefined ? null : new Set(Object.keys(file.tenants)),
})

export const checkTotal = (
  document: ConfigDocument,
  path: DocumentPath,
  total: number,
): BadConfig | null =>
  total <= limits.maxWorkloadTasks
    ? null
    : configProblem(
        document,
        path,
        `at most ${limits.maxWorkloadTasks} tasks in all`,
        `${total} tasks`,
      )

export const expandTasks = Effect.fnUntraced(function* (
  document: ConfigDocument,
  file: WorkloadFile,
): Effect.fn.Return<ReadonlyArray<WorkloadTask>, BadConfig> {
  const defaults = file.defaults ?? {}
  const declared = declaredIn(file)
  const badDefault = checkReferences(document, ["defaults"], defaults, declared, false)
  if (badDefault !== null) return yield* badDefault
  const tasks: Array<WorkloadTask> = []
  for (const [entry, task] of (file.tasks ?? []).entries()) {
    const path = ["tasks", entry] as const
    const bad = checkReferences(document, path, { ...defaults, ...task }, declared, true)
    if (bad !== null) return yield* bad
    if (task.every !== undefined && task.count === undefined) {
      const expected = "a count beside it (every is the time between the tasks of a count)"
      return yield* configProblem(document, [...path, "every"], expected)
    }
    const tooMany = checkTotal(document, [...path, "count"], tasks.length + (task.count ?? 1))
    if (tooMany !== null) return yield* tooMany
    for (const expanded of expandTask(task, entry, defaults)) tasks.push(expanded)
  }
  return tasks
})

/** What no entry can see by itself: ids that meet, too many tenants. */
export const checkTogether = (
  document: ConfigDocument,
  tasks: ReadonlyArray<WorkloadTask>,
): BadConfig | null =>
  findCollision(document, tasks) ??
  checkTenantCount(document, new Set(tasks.map((task) => task.tenant)).size)
