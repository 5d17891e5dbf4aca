// `nodes: null` in a workload file says what leaving `nodes` out says. A deadline's null says more: no
// deadline, whatever the defaults are.
import type { ConfigDocument } from "../readConfigFile.ts"

/** Keys that may be left out; a null anywhere else is a mistake, and the schema says so. */
const optionalKeys: ReadonlySet<string> = new Set([
  ...["tenant", "model", "graph", "at", "priority", "count", "every", "nodes"],
  "share",
])

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const withoutNulls = (entry: unknown): unknown =>
  isMapping(entry)
    ? Object.fromEntries(
        Object.entries(entry).filter(([key, value]) => value !== null || !optionalKeys.has(key)),
      )
    : entry

const mapValues = (value: unknown): unknown =>
  isMapping(value)
    ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutNulls(entry)]))
    : value

/** The document as if the optional keys of tasks, of kinds and of `defaults` that are null were not there. */
export const dropNulls = (document: ConfigDocument): ConfigDocument => {
  const { value } = document
  if (!isMapping(value)) return document
  const { arrivals, defaults, tasks } = value
  return {
    ...document,
    value: {
      ...value,
      ...(Array.isArray(tasks) ? { tasks: tasks.map(withoutNulls) } : {}),
      ...(isMapping(defaults) ? { defaults: withoutNulls(defaults) } : {}),
      ...(isMapping(arrivals) ? { arrivals: { ...arrivals, map: mapValues(arrivals.map) } } : {}),
    },
  }
}
