// Every expected failure, as a tagged error that carries numbers. Sentences are made in
// describeError, where an error is shown; code compares tags and fields only.
import * as Data from "effect/Data"

// ---- input: the files, the workload, the command line (exit status 2) ----

export class FileUnreadable extends Data.TaggedError("FileUnreadable")<{
  readonly file: string
  readonly reason: string
}> {}

/** The bytes of a file are not what its format, dtype or shape must be. */
export class BadFile extends Data.TaggedError("BadFile")<{
  readonly file: string
  /** Where: a member, a tensor, a byte offset, a line. */
  readonly place: string
  readonly expected: string
  readonly found: string
}> {}

export class EdgeOutOfRange extends Data.TaggedError("EdgeOutOfRange")<{
  readonly file: string
  readonly edge: number
  readonly node: number
  readonly numNodes: number
}> {}

export class NodeOutOfRange extends Data.TaggedError("NodeOutOfRange")<{
  readonly task: string
  readonly position: number
  readonly node: number
  readonly numNodes: number
}> {}

export class NotFinite extends Data.TaggedError("NotFinite")<{
  readonly file: string
  readonly place: string
  readonly value: number
}> {}

export class IndexOverflow extends Data.TaggedError("IndexOverflow")<{
  readonly file: string
  readonly what: string
  readonly value: number
  readonly limit: number
}> {}

export class WeightMismatch extends Data.TaggedError("WeightMismatch")<{
  readonly file: string
  readonly tensor: string
  readonly expectedShape: ReadonlyArray<number>
  /** null: the tensor is missing. */
  readonly foundShape: ReadonlyArray<number> | null
}> {}

/** A workload, model configuration, fault plan or option that does not have the expected form. */
export class BadConfig extends Data.TaggedError("BadConfig")<{
  readonly file: string
  /** The path inside the document, as `tasks[3].deadline`. */
  readonly path: string
  readonly expected: string
  readonly found: string
}> {}

/** Well formed, but a feature this version does not have. */
export class Unsupported extends Data.TaggedError("Unsupported")<{
  readonly file: string
  readonly path: string
  readonly found: string
  readonly supported: string
}> {}

export class PathOutside extends Data.TaggedError("PathOutside")<{
  readonly file: string
  readonly path: string
  readonly root: string
}> {}

/** A result, a folder or a report cannot be written. */
export class FileUnwritable extends Data.TaggedError("FileUnwritable")<{
  readonly file: string
  readonly reason: string
}> {}

export type InputError =
  | FileUnreadable
  | BadFile
  | EdgeOutOfRange
  | NodeOutOfRange
  | NotFinite
  | IndexOverflow
  | WeightMismatch
  | BadConfig
  | Unsupported
  | PathOutside

// ---- admission: why a task was not taken ----

export class TooLarge extends Data.TaggedError("TooLarge")<{
  readonly bytesNeeded: number
  readonly bytesBudget: number
}> {}

/** Too much waits, of all tenants: tasks that have not ended, or bytes of those that do not run yet. */
export class QueueFull extends Data.TaggedError("QueueFull")<{
  readonly bound: "tasks" | "bytes"
  /** Without this task. */
  readonly queued: number
  readonly asked: number
  readonly limit: number
}> {}

/** What was promised to others, and what runs, leaves no room for it in time. */
export class DeadlineInfeasible extends Data.TaggedError("DeadlineInfeasible")<{
  /** From submission, as asked for. */
  readonly deadlineMs: number
  /** From submission: a deadline from here on could be promised now. */
  readonly earliestFinishMs: number
}> {}

/** A bound of the tenant's own: tasks that have not ended, their bytes, or device time. */
export class QuotaExceeded extends Data.TaggedError("QuotaExceeded")<{
  readonly tenant: string
  readonly quota: "tasks" | "bytes" | "deviceMs"
  /** With this task. */
  readonly used: number
  readonly limit: number
}> {}

export class DuplicateTask extends Data.TaggedError("DuplicateTask")<{ readonly id: string }> {}

/** The graph or model was never loaded, or has been forgotten. */
export class UnknownId extends Data.TaggedError("UnknownId")<{
  readonly what: "graph" | "model" | "task"
  readonly id: string
}> {}

/** A report has no task of this id. */
export class TaskNotFound extends Data.TaggedError("TaskNotFound")<{
  readonly id: string
  readonly tasks: number
  /** Ids that may have been meant. */
  readonly nearest: ReadonlyArray<string>
}> {}

export class RuntimeClosed extends Data.TaggedError("RuntimeClosed")<{ readonly id: string }> {}

/** A broken invariant stopped the runtime; every task that had not ended fails with it. */
export class RuntimeFailed extends Data.TaggedError("RuntimeFailed")<{
  readonly actor: string
  readonly reason: string
}> {}

export type AdmissionError =
  | TooLarge
  | QueueFull
  | DeadlineInfeasible
  | QuotaExceeded
  | DuplicateTask
  | UnknownId
  | RuntimeClosed
  | RuntimeFailed

// ---- preparation ----

export class PrepWorkerLost extends Data.TaggedError("PrepWorkerLost")<{
  readonly job: string
  readonly reason: string
  readonly transient: boolean
}> {}

export class PrepTimeout extends Data.TaggedError("PrepTimeout")<{
  readonly job: string
  readonly timeoutMs: number
  readonly transient: boolean
}> {}

export type PrepError = PrepWorkerLost | PrepTimeout

// ---- the device ----

export class DeviceUnavailable extends Data.TaggedError("DeviceUnavailable")<{
  readonly device: string
  readonly reason: string
}> {}

/** It was there and is gone, with everything on it; every later task on it fails as well. */
export class DeviceLost extends Data.TaggedError("DeviceLost")<{
  readonly device: string
  readonly reason: string
}> {}

export class DeviceOutOfMemory extends Data.TaggedError("DeviceOutOfMemory")<{
  readonly bytesRequested: number
  readonly bytesFree: number
  /** Injected or momentary: the task may be run once more. */
  readonly transient: boolean
}> {}

/** The device looked at a grant, an upload or a plan and refused it before doing anything. */
export class PlanRefused extends Data.TaggedError("PlanRefused")<{
  readonly place: string
  readonly reason: string
}> {}

export class OpFailed extends Data.TaggedError("OpFailed")<{
  readonly op: string
  readonly opIndex: number
  readonly lane: number
  readonly reason: string
  readonly transient: boolean
}> {}

/** The lane's thread is gone; `transient` because another lane may run the task. */
export class LaneLost extends Data.TaggedError("LaneLost")<{
  readonly lane: number
  readonly transient: boolean
}> {}

export type DeviceError =
  | DeviceUnavailable
  | DeviceLost
  | DeviceOutOfMemory
  | PlanRefused
  | OpFailed
  | LaneLost

/** Why a task ended other than completed. */
export class TaskCancelled extends Data.TaggedError("TaskCancelled")<{
  readonly id: string
  /** The state in which the cancellation met it. */
  readonly state: string
}> {}

export class TaskExpired extends Data.TaggedError("TaskExpired")<{
  readonly id: string
  readonly deadlineMs: number
  readonly nowMs: number
}> {}

export type TaskError =
  | InputError
  | AdmissionError
  | PrepError
  | DeviceError
  | TaskCancelled
  | TaskExpired

export const isTransient = (error: object): boolean =>
  "transient" in error && error.transient === true
