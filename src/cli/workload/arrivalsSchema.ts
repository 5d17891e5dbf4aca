// The form of `arrivals` in a workload file: tasks that come as a trace, a Poisson process or bursts
// say, or each kind from a source of its own; a kind is what the map gives a model and a graph.
import { Schema } from "effect"
import { limits } from "../../model/limits.ts"
import { filtered } from "../decodeConfig.ts"
import { durationForms, parseDuration } from "../units.ts"
import { deadline, duration, name, named, path, priority, seed } from "./schemaParts.ts"

const positive = (what: string) =>
  filtered(
    Schema.Number,
    `${what}: a number above 0`,
    (value) => Number.isFinite(value) && value > 0,
  )

const upTo = (limit: number) =>
  filtered(
    Schema.Number,
    `a whole number from 1 to ${limit}`,
    (value) => Number.isInteger(value) && value >= 1 && value <= limit,
  )

const count = upTo(limits.maxWorkloadTasks)

/** Task ids are `kind/number`. */
const isKindName = (text: string): boolean => /^[^\\\p{Cc}]{1,150}$/u.test(text)

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

const rate = filtered(
  Schema.Union([Schema.String, Schema.Number]),
  rateForms,
  (value) => parseRate(value) !== null,
)

const span = filtered(
  Schema.Union([Schema.String, Schema.Number]),
  `${durationForms} (more than 0)`,
  (value) => (parseDuration(value) ?? 0) > 0,
)

const kind = named(
  Schema.Struct({
    model: Schema.optionalKey(name("a model")),
    graph: Schema.optionalKey(name("a graph")),
    deadline: Schema.optionalKey(deadline),
    priority: Schema.optionalKey(priority),
    tenant: Schema.optionalKey(name("a tenant")),
    share: Schema.optionalKey(positive("a share")),
    every: Schema.optionalKey(span),
    at: Schema.optionalKey(duration),
    rate: Schema.optionalKey(rate),
    on: Schema.optionalKey(span),
    off: Schema.optionalKey(span),
    clients: Schema.optionalKey(upTo(limits.maxClients)),
    think: Schema.optionalKey(duration),
    count: Schema.optionalKey(count),
  }),
  "a kind of task: {model, graph, deadline, priority}; {tenant, share} with poisson or bursts; " +
    "{tenant, count} with every, rate or clients",
)

const poisson = named(
  Schema.Struct({ rate, count, seed: Schema.optionalKey(seed) }),
  "{rate, count, seed}",
)

const bursts = named(
  Schema.Struct({ rate, on: span, off: span, count, seed: Schema.optionalKey(seed) }),
  "{rate, on, off, count, seed}: the rate while it is on, and how long it is on and off on average",
)

export const arrivals = named(
  Schema.Struct({
    trace: Schema.optionalKey(path),
    scale: Schema.optionalKey(positive("a scale (2 is twice as fast)")),
    limit: Schema.optionalKey(count),
    poisson: Schema.optionalKey(poisson),
    bursts: Schema.optionalKey(bursts),
    seed: Schema.optionalKey(seed),
    map: filtered(
      Schema.Record(Schema.String, kind),
      "a mapping of kinds (names that can begin a file's) to {model, graph, deadline}",
      (map) => Object.keys(map).length > 0 && Object.keys(map).every(isKindName),
    ),
  }),
  "arrivals: {trace, scale, limit, map}, {poisson, map}, {bursts, map} or {seed, map}",
)

export type FileArrivals = typeof arrivals.Type
export type FileKind = FileArrivals["map"][string]
