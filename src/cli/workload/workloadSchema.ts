// The form of a workload file, as an Effect Schema. It checks each value by itself; what ties
// values together (references, duplicates) is checked in expandTasks.
import { Schema } from "effect"
import { limits } from "../../model/limits.ts"
import { filtered } from "../decodeConfig.ts"
import { featureWords, parseFeatures, pathForms } from "../graphPath.ts"
import { byteForms, parseBytes } from "../units.ts"
import { arrivals } from "./arrivalsSchema.ts"
import { deadline, duration, name, named, path, priority, seed, taskId } from "./schemaParts.ts"

/** Which keys go together is told in graphEntry. */
const graph = named(
  Schema.Union([
    path,
    Schema.Struct({
      path: Schema.optionalKey(path),
      features: Schema.optionalKey(
        filtered(
          Schema.Union([Schema.String, Schema.Number]),
          featureWords,
          (value) => parseFeatures(value, 0) !== null,
        ),
      ),
      undirected: Schema.optionalKey(Schema.Boolean),
      compact: Schema.optionalKey(Schema.Boolean),
      preset: Schema.optionalKey(name("the name of a preset")),
      scale: Schema.optionalKey(
        filtered(
          Schema.Number,
          "a scale: a number greater than 0 and at most 1",
          (value) => value > 0 && value <= 1,
        ),
      ),
      seed: Schema.optionalKey(seed),
    }),
  ]),
  `the path of ${pathForms}, {path, features, undirected, compact, seed}, or {preset, scale, seed}`,
)

const model = named(
  Schema.Union([
    path,
    Schema.Struct({
      config: path,
      weights: Schema.optionalKey(
        named(
          Schema.Union([path, Schema.Struct({ seed })]),
          "the path of a .safetensors file, or {seed}",
        ),
      ),
    }),
  ]),
  "the path of a model's JSON, or {config, weights}",
)

const quota = named(
  Schema.Struct({
    tasks: Schema.optionalKey(
      filtered(
        Schema.Number,
        "a whole number of tasks, at least 1",
        (value) => Number.isInteger(value) && value >= 1,
      ),
    ),
    memory: Schema.optionalKey(
      filtered(Schema.String, byteForms, (value) => (parseBytes(value) ?? 0) > 0),
    ),
    deviceShare: Schema.optionalKey(
      filtered(
        Schema.Number,
        "a share of device time: a number above 0 (1 is a whole lane)",
        (value) => Number.isFinite(value) && value > 0,
      ),
    ),
  }),
  "{tasks, memory, deviceShare}",
)

const tenant = named(
  Schema.Struct({
    weight: Schema.optionalKey(
      filtered(
        Schema.Number,
        "a weight: a number greater than 0",
        (value) => Number.isFinite(value) && value > 0,
      ),
    ),
    quota: Schema.optionalKey(quota),
  }),
  "{weight, quota}",
)

const nodes = filtered(
  Schema.Array(
    filtered(
      Schema.Number,
      `a node id: a whole number from 0 to ${limits.maxIndex}`,
      (value) => Number.isInteger(value) && value >= 0 && value <= limits.maxIndex,
    ),
  ),
  `a list of 1 to ${limits.maxTargets} node ids`,
  (list) => list.length > 0 && list.length <= limits.maxTargets,
)

const share = Schema.Boolean.annotate({ expected: "true, or false for a run of its own" })

const task = named(
  Schema.Struct({
    id: taskId,
    tenant: Schema.optionalKey(name("a tenant")),
    model: Schema.optionalKey(name("a model")),
    graph: Schema.optionalKey(name("a graph")),
    at: Schema.optionalKey(duration),
    deadline: Schema.optionalKey(deadline),
    priority: Schema.optionalKey(priority),
    count: Schema.optionalKey(
      filtered(
        Schema.Number,
        `a whole number from 1 to ${limits.maxWorkloadTasks}`,
        (value) => Number.isInteger(value) && value >= 1 && value <= limits.maxWorkloadTasks,
      ),
    ),
    every: Schema.optionalKey(duration),
    nodes: Schema.optionalKey(nodes),
    share: Schema.optionalKey(share),
  }),
  "a task: {id, tenant, model, graph, at, deadline, priority, count, every, nodes, share}",
)

export const workloadSchema = named(
  Schema.Struct({
    graphs: named(Schema.Record(Schema.String, graph), "a mapping of names to graphs"),
    models: named(Schema.Record(Schema.String, model), "a mapping of names to models"),
    tenants: Schema.optionalKey(
      named(Schema.Record(Schema.String, tenant), "a mapping of names to {weight, quota}"),
    ),
    defaults: Schema.optionalKey(
      named(
        Schema.Struct({
          tenant: Schema.optionalKey(name("a tenant")),
          model: Schema.optionalKey(name("a model")),
          graph: Schema.optionalKey(name("a graph")),
          deadline: Schema.optionalKey(deadline),
          priority: Schema.optionalKey(priority),
          share: Schema.optionalKey(share),
        }),
        "{tenant, model, graph, deadline, priority, share}",
      ),
    ),
    tasks: Schema.optionalKey(
      filtered(Schema.Array(task), "a list of at least one task", (list) => list.length > 0),
    ),
    arrivals: Schema.optionalKey(arrivals),
  }),
  "a workload: {graphs, models, tenants, defaults, tasks, arrivals}",
)

export type WorkloadFile = typeof workloadSchema.Type
export type WorkloadFileTask = NonNullable<WorkloadFile["tasks"]>[number]
export type WorkloadFileGraph = WorkloadFile["graphs"][string]
export type WorkloadFileModel = WorkloadFile["models"][string]
