// The file of `run --faults`: a FaultPlan in YAML or JSON, checked with an Effect Schema.
import { Effect, Schema } from "effect"
import type { InputError } from "../model/errors.ts"
import { matchesTask } from "../model/FaultBook.ts"
import type { Fault, FaultPlan } from "../model/FaultPlan.ts"
import { nearest } from "../model/nearest.ts"
import { configProblem, decodeConfig, filtered } from "./decodeConfig.ts"
import { type ConfigDocument, readConfigFile } from "./readConfigFile.ts"
import { durationForms, parseDuration } from "./units.ts"

const kinds = ["allocation", "op", "delay", "prep-crash", "prep-hang", "lane"] as const
const kindsExpected = `one of ${kinds.join(", ")}`

const wholeNumber = (what: string, least: number) =>
  filtered(
    Schema.Number,
    `${what}: a whole number of at least ${least}`,
    (value) => Number.isSafeInteger(value) && value >= least,
  )

const fault = Schema.Struct({
  kind: Schema.Literals(kinds).annotate({ expected: kindsExpected }),
  task: Schema.optionalKey(
    filtered(
      Schema.Union([Schema.String, Schema.Null]),
      "a task id, a prefix that ends in *, or null for any task",
      (value) => value === null || value !== "",
    ),
  ),
  times: Schema.optionalKey(wholeNumber("how many attempts it hits", 1)),
  probability: Schema.optionalKey(
    filtered(Schema.Number, "a chance from 0 to 1", (value) => value >= 0 && value <= 1),
  ),
  transient: Schema.optionalKey(Schema.Boolean.annotate({ expected: "true or false" })),
  op: Schema.optionalKey(
    filtered(
      Schema.Union([Schema.String, Schema.Number]),
      "an operator: its index (0 is the first) or its name",
      (value) => (typeof value === "string" ? value !== "" : Number.isInteger(value) && value >= 0),
    ),
  ),
  delay: Schema.optionalKey(
    filtered(
      Schema.Union([Schema.String, Schema.Number]),
      durationForms,
      (value) => parseDuration(value) !== null,
    ),
  ),
}).annotate({ expected: "a fault: {kind, task, times, probability, transient, op, delay}" })

const faultPlanSchema = Schema.Struct({
  seed: Schema.optionalKey(wholeNumber("a seed", 0)),
  faults: Schema.Array(fault).annotate({ expected: "a list of faults" }),
}).annotate({ expected: "a fault plan: {seed, faults}" })

type FileFault = (typeof faultPlanSchema.Type)["faults"][number]
type OptionalKey = "transient" | "op" | "delay"

/** The keys each kind takes beside the common ones. */
const keysOf: Readonly<Record<Fault["kind"], ReadonlyArray<OptionalKey>>> = {
  allocation: ["transient"],
  op: ["op", "transient"],
  delay: ["op", "delay"],
  "prep-crash": ["transient"],
  "prep-hang": ["transient"],
  lane: ["op"],
}

const checkKeys = (document: ConfigDocument, entry: FileFault, index: number) => {
  const allowed = keysOf[entry.kind]
  for (const key of ["transient", "op", "delay"] as const) {
    if (entry[key] === undefined || allowed.includes(key)) continue
    const expected = `no such key: a fault of kind ${entry.kind} takes ${allowed.join(" and ")}`
    return Effect.fail(configProblem(document, ["faults", index, key], expected))
  }
  if (entry.kind === "delay" && entry.delay === undefined) {
    return Effect.fail(configProblem(document, ["faults", index, "delay"], durationForms))
  }
  return Effect.void
}

/** A fault that no task can meet tests nothing: most often its name is mistyped. */
const checkTask = (
  document: ConfigDocument,
  { task }: FileFault,
  index: number,
  taskIds: ReadonlyArray<string>,
) => {
  if (taskIds.some((id) => matchesTask(task ?? null, id))) return Effect.void
  const guess = nearest(task!, taskIds)
  const hint = guess === null ? "" : ` (did you mean ${guess}?)`
  const expected = `a task of the workload, a prefix of some that ends in *, or null${hint}`
  return Effect.fail(configProblem(document, ["faults", index, "task"], expected))
}

const toFault = (entry: FileFault): Fault => {
  const target = {
    task: entry.task ?? null,
    times: entry.times ?? 1,
    probability: entry.probability ?? 1,
  }
  const transient = entry.transient ?? false
  const op = entry.op ?? 0
  switch (entry.kind) {
    case "allocation":
    case "prep-crash":
    case "prep-hang":
      return { ...target, kind: entry.kind, transient }
    case "op":
      return { ...target, kind: entry.kind, op, transient }
    case "delay":
      return { ...target, kind: entry.kind, op, delayMs: parseDuration(entry.delay ?? 0)! }
    case "lane":
      return { ...target, kind: entry.kind, op }
  }
}

export const faultPlanFromDocument = Effect.fnUntraced(function* (
  document: ConfigDocument,
  taskIds: ReadonlyArray<string>,
): Effect.fn.Return<FaultPlan, InputError> {
  const file = yield* decodeConfig(document, faultPlanSchema)
  for (const [index, entry] of file.faults.entries()) {
    yield* checkKeys(document, entry, index)
    yield* checkTask(document, entry, index, taskIds)
  }
  return { seed: file.seed ?? 0, faults: file.faults.map(toFault) }
})

export const readFaultFile = Effect.fnUntraced(function* (
  file: string,
  taskIds: ReadonlyArray<string>,
): Effect.fn.Return<FaultPlan, InputError> {
  return yield* faultPlanFromDocument(yield* readConfigFile(file), taskIds)
})
