// The sentences of every expected error: what is wrong, where, with which numbers, and what to do.
// Errors carry numbers only; this is the one place where they become prose. The table is total: a
// new tag does not compile until it has its sentence.
import type { BadFile, FileUnwritable, TaskError, TaskNotFound } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import { formatBytesExactly, formatCount, formatMs } from "./units.ts"

export type GnnschedError = TaskError | FileUnwritable | TaskNotFound

/** `what` is a sentence; `todo` a second one, empty when there is nothing to do. */
export interface Description {
  readonly tag: string
  readonly what: string
  readonly todo: string
}

type Sentences = {
  readonly [Tag in GnnschedError["_tag"]]: (
    error: Extract<GnnschedError, { readonly _tag: Tag }>,
  ) => readonly [what: string, todo: string]
}

const shape = (extents: ReadonlyArray<number>): string => `[${extents.join(", ")}]`

const at = (file: string, path: string): string => (path === "" ? file : `${file}, at ${path}`)

const nodesOf = (numNodes: number): string =>
  numNodes === 0 ? "no nodes" : `${formatCount(numNodes)} nodes (0 to ${numNodes - 1})`

/** Only bytes that are missing or damaged call for writing a file again; a wrong dtype does not. */
const damaged = ({ expected, found, place }: BadFile): boolean =>
  /^\d+ bytes( of \d+)?$|end of (the file|central|JSON)|^fewer$/.test(found)
    ? !expected.startsWith("at most")
    : /^CRC |^its signature$|^a zip archive$|of deflate data$|^gzip data$/.test(expected) ||
      /magic$|^end of the file$/.test(place)

const retried = (transient: boolean): string =>
  transient ? "It was run once more and met this again." : ""

const input: Pick<
  Sentences,
  | "FileUnreadable"
  | "FileUnwritable"
  | "BadFile"
  | "EdgeOutOfRange"
  | "NodeOutOfRange"
  | "NotFinite"
  | "IndexOverflow"
  | "WeightMismatch"
  | "BadConfig"
  | "Unsupported"
  | "PathOutside"
> = {
  FileUnreadable: (e) => [`${e.file} cannot be read: ${e.reason}.`, ""],
  FileUnwritable: (e) => [
    `${e.file} cannot be written: ${e.reason}.`,
    /^(it is|it exists|the folder is not empty)/.test(e.reason)
      ? "Move it away, or choose another folder."
      : "Choose another folder, or make this one writable.",
  ],
  BadFile: (e) => [
    `${at(e.file, e.place)}: expected ${e.expected}, found ${e.found}.`,
    damaged(e) ? "The file may be truncated or of another format; write it again." : "",
  ],
  EdgeOutOfRange: (e) => [
    `${e.file}: edge ${formatCount(e.edge)} names node ${e.node}, but the graph has ` +
      `${nodesOf(e.numNodes)}.`,
    "Node ids are 0-based; features and edges must be of the same graph.",
  ],
  NodeOutOfRange: (e) => [
    `task ${e.task}: nodes[${e.position}] is ${e.node}, but the graph has ` +
      `${nodesOf(e.numNodes)}.`,
    "Ask only for nodes that are there; ids are 0-based.",
  ],
  NotFinite: (e) => [
    `${at(e.file, e.place)}: the value is ${e.value}, where a finite number must be.`,
    "Clean the data first: one such value would spread to every node it reaches.",
  ],
  IndexOverflow: (e) => [
    `${e.file}: ${e.what} is ${formatCount(e.value)}, more than the limit of ${formatCount(e.limit)}.`,
    /^the node id /.test(e.what) && e.limit < limits.maxIndex
      ? "Number the ids that occur from 0 on (compact), or split the graph."
      : "Split the graph or the file.",
  ],
  WeightMismatch: (e) => [
    e.foundShape === null
      ? `${e.file}: the tensor ${e.tensor} of shape ${shape(e.expectedShape)} is missing.`
      : `${e.file}: the tensor ${e.tensor} has the shape ${shape(e.foundShape)}, but the ` +
        `configuration asks for ${shape(e.expectedShape)}.`,
    "The weights must be of the model that the JSON describes (PyTorch Geometric's names).",
  ],
  BadConfig: (e) => [`${at(e.file, e.path)}: expected ${e.expected}, found ${e.found}.`, ""],
  Unsupported: (e) => [
    `${at(e.file, e.path)}: ${e.found} is not supported.`,
    `Supported: ${e.supported}.`,
  ],
  PathOutside: (e) => [
    `${e.file}: the path ${e.path} leaves the folder ${e.root}.`,
    "Move the file there, or allow it with --allow-outside.",
  ],
}

const quotaAmounts = {
  tasks: (value: number) => `${formatCount(value)} tasks`,
  bytes: formatBytesExactly,
  deviceMs: (value: number) => `${formatMs(value)} of device time`,
} as const

const queueAmounts = {
  tasks: (value: number) => `${formatCount(value)} tasks`,
  bytes: formatBytesExactly,
} as const

const admission: Pick<
  Sentences,
  | "TooLarge"
  | "QueueFull"
  | "DeadlineInfeasible"
  | "QuotaExceeded"
  | "DuplicateTask"
  | "UnknownId"
  | "TaskNotFound"
  | "RuntimeClosed"
  | "RuntimeFailed"
> = {
  TooLarge: (e) => [
    `the task needs ${formatBytesExactly(e.bytesNeeded)} of device memory; the device has ` +
      `${formatBytesExactly(e.bytesBudget)}.`,
    "Raise --memory, or use a smaller graph or model.",
  ],
  QueueFull: (e) => [
    `the queue holds ${queueAmounts[e.bound](e.queued)} and was asked to take ` +
      `${queueAmounts[e.bound](e.asked)} more; its limit is ${queueAmounts[e.bound](e.limit)}.`,
    "Submit the task later, or raise the limit (--max-queued, --max-queued-bytes).",
  ],
  DeadlineInfeasible: (e) => [
    `a deadline of ${formatMs(e.deadlineMs)} cannot be promised now; the earliest that can is ` +
      `${formatMs(e.earliestFinishMs)}.`,
    "Ask for a later one, submit the task later, or take all with --admit all.",
  ],
  QuotaExceeded: (e) => [
    `tenant ${e.tenant} would have ${quotaAmounts[e.quota](e.used)} with this task, its quota is ` +
      `${quotaAmounts[e.quota](e.limit)}.`,
    "Submit the task later, or raise the tenant's quota.",
  ],
  DuplicateTask: (e) => [`a task with the id ${e.id} is there already.`, "Give it another id."],
  UnknownId: (e) => [`there is no ${e.what} with the id ${e.id}.`, "Load it first."],
  TaskNotFound: (e) => [
    `there is no task ${e.id} among the ${formatCount(e.tasks)} of the report.`,
    e.nearest.length === 0 ? "" : `Did you mean ${e.nearest.join(", ")}?`,
  ],
  RuntimeClosed: (e) => [`the runtime was closed before ${e.id} could end.`, ""],
  RuntimeFailed: (e) => [
    `the runtime stopped: ${e.actor}: ${e.reason}.`,
    "This is a defect of gnnsched; please report it.",
  ],
}

const running: Pick<
  Sentences,
  | "PrepWorkerLost"
  | "PrepTimeout"
  | "DeviceUnavailable"
  | "DeviceLost"
  | "DeviceOutOfMemory"
  | "PlanRefused"
  | "OpFailed"
  | "LaneLost"
  | "TaskCancelled"
  | "TaskExpired"
> = {
  PrepWorkerLost: (e) => [
    `the worker that prepared ${e.job} was lost: ${e.reason}.`,
    retried(e.transient),
  ],
  PrepTimeout: (e) => [
    `the preparation of ${e.job} took longer than ${formatMs(e.timeoutMs)} and was ended.`,
    retried(e.transient),
  ],
  DeviceUnavailable: (e) => [
    `the device ${e.device} cannot be opened: ${e.reason}.`,
    "See what is there with `gnnsched doctor`.",
  ],
  DeviceLost: (e) => [
    `the device ${e.device} was lost: ${e.reason}.`,
    "What was on it is gone: open it anew, in a new process where it is a GPU.",
  ],
  DeviceOutOfMemory: (e) => [
    `the device refused ${formatBytesExactly(e.bytesRequested)}; ` +
      `${formatBytesExactly(e.bytesFree)} were free.`,
    retried(e.transient),
  ],
  PlanRefused: (e) => [`the device refused the plan at ${e.place}: ${e.reason}.`, ""],
  OpFailed: (e) => [
    `operator ${e.opIndex} (${e.op}) failed on lane ${e.lane}: ${e.reason}.`,
    retried(e.transient),
  ],
  LaneLost: (e) => [`lane ${e.lane} was lost while the task ran.`, retried(e.transient)],
  TaskCancelled: (e) => [`task ${e.id} was cancelled while it was ${e.state}.`, ""],
  TaskExpired: (e) => [
    `task ${e.id} had to start before ${formatMs(e.deadlineMs)}; it was ${formatMs(e.nowMs)}.`,
    "",
  ],
}

const sentences: Sentences = { ...input, ...admission, ...running }

/** Every tag that has a sentence. */
export const describedTags: ReadonlyArray<string> = Object.keys(sentences)

export const isGnnschedError = (error: unknown): error is GnnschedError =>
  typeof error === "object" &&
  error !== null &&
  "_tag" in error &&
  typeof error._tag === "string" &&
  Object.hasOwn(sentences, error._tag)

export const describeError = (error: GnnschedError): Description => {
  const describe = sentences[error._tag] as (e: GnnschedError) => readonly [string, string]
  const [what, todo] = describe(error)
  return { tag: error._tag, what, todo }
}

/** `{tag, message, …numbers}`: an error as report.json and `--format json` show it. */
export const errorToJson = (error: GnnschedError): Record<string, unknown> => {
  const { tag, what, todo } = describeError(error)
  const fields: Record<string, unknown> = {
    tag,
    message: todo === "" ? what : `${what} ${todo}`,
  }
  for (const [key, value] of Object.entries(error)) {
    if (key === "_tag" || key === "message" || key === "stack" || key === "name") continue
    // JSON has no NaN: what cannot be a number there is told as a word.
    fields[key] = typeof value === "number" && !Number.isFinite(value) ? String(value) : value
  }
  return fields
}

/** The block a terminal shows. */
export const errorToText = (error: GnnschedError): string => {
  const { what, todo } = describeError(error)
  return todo === "" ? `gnnsched: ${what}` : `gnnsched: ${what}\n  ${todo}`
}
