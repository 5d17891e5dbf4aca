// The form of `arrivals` in a workload file: tasks that come as a trace or a Poisson process says,
// each of a kind that the map gives a model and a graph.
import { Schema } from "effect"
import { limits } from "../../model/limits.ts"
import { filtered } from "../decodeConfig.ts"
import { deadline, name, named, path, priority, seed } from "./schemaParts.ts"

const positive = (what: string) =>
  filtered(
    Schema.Number,
    `${what}: a number above 0`,
    (value) => Number.isFinite(value) && value > 0,
  )

const count = filtered(
  Schema.Number,
  `a whole number from 1 to ${limits.maxWorkloadTasks}`,
  (value) => Number.isInteger(value) && value >= 1 && value <= limits.maxWorkloadTasks,
)

/** Task ids are `kind/number`. */
const isKindName = (text: string): boolean => /^[^\\\p{Cc}]{1,150}$/u.test(text)

const kind = named(
  Schema.Struct({
    model: Schema.optionalKey(name("a model")),
    graph: Schema.optionalKey(name("a graph")),
    deadline: Schema.optionalKey(deadline),
    priority: Schema.optionalKey(priority),
    tenant: Schema.optionalKey(name("a tenant")),
    share: Schema.optionalKey(positive("a share")),
  }),
  "a kind of task: {model, graph, deadline, priority}, and {tenant, share} with poisson",
)

const rateForms = "a rate such as 20/s or 300/min, or a number per second"

/** Arrivals per second; null when it is not a rate. */
export const parseRate = (value: string | number): number | null => {
  const match = /^(\d{1,12}(?:\.\d{1,9})?)\s?\/\s?(s|min|h)$/.exec(String(value).trim())
  const perSecond =
    typeof value === "number"
      ? value
      : match === null
        ? 0
        : Number(match[1]) / { s: 1, min: 60, h: 3600 }[match[2] as "s" | "min" | "h"]
  return Number.isFinite(perSecond) && perSecond > 0 ? perSecond : null
}

const poisson = named(
  Schema.Struct({
    rate: filtered(
      Schema.Union([Schema.String, Schema.Number]),
      rateForms,
      (value) => parseRate(value) !== null,
    ),
    count,
    seed: Schema.optionalKey(seed),
  }),
  "{rate, count, seed}",
)

export const arrivals = named(
  Schema.Struct({
    trace: Schema.optionalKey(path),
    scale: Schema.optionalKey(positive("a scale (2 is twice as fast)")),
    limit: Schema.optionalKey(count),
    poisson: Schema.optionalKey(poisson),
    map: filtered(
      Schema.Record(Schema.String, kind),
      "a mapping of kinds (names that can begin a file's) to {model, graph, deadline}",
      (map) => Object.keys(map).length > 0 && Object.keys(map).every(isKindName),
    ),
  }),
  "arrivals: {trace, scale, limit, map} or {poisson, map}",
)

export type FileArrivals = typeof arrivals.Type
export type FileKind = FileArrivals["map"][string]
