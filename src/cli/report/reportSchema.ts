// The part of report.json that is read again, to explain a task or to replay a run. What else a report
// holds is not looked at, so that a later version may say more.
import { Schema } from "effect"
import { limits } from "../../model/limits.ts"
import { precisions } from "../../model/precision.ts"
import { admitModes, lateModes } from "../../model/RunSettings.ts"
import { filtered } from "../decodeConfig.ts"
import { name, named } from "../workload/schemaParts.ts"
import { reportVersion } from "./reportJson.ts"

const text = Schema.String
const list = <S extends Schema.Top>(schema: S, what: string) => named(Schema.Array(schema), what)

const ms = filtered(Schema.Number, "milliseconds", Number.isFinite)
const time = filtered(ms, "milliseconds since the first submission", (value) => value >= 0)
const msOrNone = named(Schema.NullOr(ms), "milliseconds, or null")

const whole = (expected: string, low: number, high = limits.maxIndex) =>
  filtered(
    Schema.Number,
    `${expected}: a whole number from ${low} to ${high}`,
    (value) => Number.isInteger(value) && value >= low && value <= high,
  )

const oneOf = <const L extends ReadonlyArray<string>>(all: L) =>
  named(Schema.Literals(all), `one of ${all.join(", ")}`)

const run = named(
  Schema.Struct({
    lane: whole("a lane", 0, limits.maxLanes - 1),
    group: Schema.Number,
    startedAtMs: ms,
    loadedAtMs: msOrNone,
    endedAtMs: msOrNone,
    end: oneOf(["running", "completed", "preempted", "failed", "cancelled"]),
    preemptedBy: Schema.NullOr(text),
  }),
  "a stay on a lane",
)

const states = [
  "queued",
  "preparing",
  "ready",
  "running",
  "completed",
  "failed",
  "cancelled",
  "rejected",
  "expired",
] as const

const task = named(
  Schema.Struct({
    id: name("a task id"),
    tenant: name("a tenant"),
    model: text,
    graph: text,
    priority: whole("a priority", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    targets: named(Schema.NullOr(whole("a number of rows", 1, limits.maxTargets)), "rows, or null"),
    nodes: Schema.optionalKey(list(whole("a node", 0), "a list of nodes")),
    share: Schema.optionalKey(named(Schema.Literal(false), "false")),
    status: oneOf(states),
    reason: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    submittedAtMs: time,
    readyAtMs: msOrNone,
    startedAtMs: msOrNone,
    finishedAtMs: msOrNone,
    deadlineMs: Schema.optionalKey(filtered(ms, "a deadline above 0", (value) => value > 0)),
    plan: Schema.NullOr(text),
    sharedWith: Schema.NullOr(text),
    runs: list(run, "a list of stays on lanes"),
  }),
  "a task",
)

/** Reports of earlier versions have none. */
const settings = named(
  Schema.Struct({
    precision: oneOf(precisions),
    admit: oneOf(admitModes),
    lateTasks: oneOf(lateModes),
    shareWork: Schema.Boolean,
    preempt: Schema.Boolean,
    elastic: Schema.Boolean,
    chance: named(
      Schema.NullOr(
        Schema.Struct({
          seed: whole("a seed", 0, Number.MAX_SAFE_INTEGER),
          jitter: filtered(Schema.Number, "a number from 0 to 1", (n) => n >= 0 && n <= 1),
        }),
      ),
      "{seed, jitter}, or null",
    ),
  }),
  "the settings of a run",
)

const reasons = ["memory", "lane", "order", "threshold", "interference"] as const

const decision = named(
  Schema.Struct({
    atMs: ms,
    number: Schema.Number,
    start: list(text, "a list of task ids"),
    blocked: named(
      Schema.NullOr(Schema.Struct({ id: text, reason: oneOf(reasons) })),
      "{id, reason}, or null",
    ),
    preempt: Schema.optionalKey(list(text, "a list of task ids")),
  }),
  "a decision",
)

const positive = filtered(Schema.Number, "a number above 0", (value) => value > 0)

const tenant = named(
  Schema.Struct({
    id: name("a tenant"),
    weight: positive,
    quota: Schema.optionalKey(
      Schema.Struct({
        tasks: Schema.optionalKey(positive),
        bytes: Schema.optionalKey(positive),
        deviceShare: Schema.optionalKey(positive),
      }),
    ),
  }),
  "a tenant",
)

const count = whole("a count", 0)

const graph = named(
  Schema.Struct({
    id: text,
    numNodes: count,
    numEdges: count,
    featureWidth: whole("a width", 0, limits.maxFeatureWidth),
    featureNonZeros: Schema.NullOr(count),
    hasEdgeWeight: Schema.Boolean,
    numGraphs: Schema.NullOr(whole("a number of graphs", 0, limits.maxGraphsInUnion)),
  }),
  "the shape of a graph",
)

const model = named(
  Schema.Struct({ id: text, config: Schema.Record(Schema.String, Schema.Unknown) }),
  "a model: {id, config}",
)

export const reportSchema = named(
  Schema.Struct({
    version: named(Schema.Literal(reportVersion), `${reportVersion}, the form of this version`),
    device: named(
      Schema.Struct({
        kind: oneOf(["cpu", "cuda", "reference", "sim"]),
        name: text,
        lanes: whole("lanes", 1, limits.maxLanes),
        peakBytes: whole("bytes", 0, Number.MAX_SAFE_INTEGER),
        budgetBytes: whole("a budget", 1, Number.MAX_SAFE_INTEGER),
      }),
      "a device",
    ),
    policy: text,
    mode: oneOf(["groups", "continuous"]),
    settings: Schema.optionalKey(settings),
    tasks: list(task, "a list of tasks"),
    tenants: list(tenant, "a list of tenants"),
    decisions: list(decision, "a list of decisions"),
    graphs: named(Schema.Record(Schema.String, graph), "graphs by name"),
    models: named(Schema.Record(Schema.String, model), "models by name"),
  }),
  "the report.json of a run or a simulation",
)

export type RecordedRun = typeof reportSchema.Type
export type RecordedTask = RecordedRun["tasks"][number]
