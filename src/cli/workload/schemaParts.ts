// Values that several parts of a workload file share, each as a schema that says what it expects.
import { Schema } from "effect"
import { filtered } from "../decodeConfig.ts"
import { durationForms, parseDuration } from "../units.ts"

/** Longest task id: its file name must fit any file system. */
const maxIdBytes = 200
const maxSeed = Number.MAX_SAFE_INTEGER

export const named = <S extends Schema.Top>(schema: S, expected: string): S["Rebuild"] =>
  schema.annotate({ expected })

const isName = (text: string): boolean =>
  text !== "" &&
  !/\p{Cc}/u.test(text) &&
  text.trim() === text &&
  new TextEncoder().encode(text).length <= maxIdBytes

export const name = (what: string) =>
  filtered(Schema.String, `${what}: a string of 1 to ${maxIdBytes} bytes on one line`, isName)

export const taskId = filtered(
  Schema.String,
  `a task id: a string of 1 to ${maxIdBytes} bytes that can name a file (/ becomes _)`,
  (text) => isName(text) && !text.includes("\\") && !/^\.{0,2}$/.test(text),
)

export const path = filtered(
  Schema.String,
  "a path",
  (text) => text.trim() !== "" && !text.includes("\0") && text.length <= 4096,
)

export const duration = filtered(
  Schema.Union([Schema.String, Schema.Number]),
  durationForms,
  (value) => parseDuration(value) !== null,
)

export const deadline = filtered(
  Schema.Union([Schema.String, Schema.Number, Schema.Null]),
  `${durationForms} (more than 0), or null for none`,
  (value) => value === null || (parseDuration(value) ?? 0) > 0,
)

export const priority = filtered(Schema.Number, "a whole number, larger is more urgent", (value) =>
  Number.isSafeInteger(value),
)

export const seed = filtered(
  Schema.Number,
  "a seed: a whole number of at least 0",
  (value) => Number.isSafeInteger(value) && value >= 0 && value <= maxSeed,
)
