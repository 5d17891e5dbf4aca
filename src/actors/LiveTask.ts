// A task between submission and its end: the one mutable record that the actors pass along. Whoever
// owns the task at the moment sets `abort`; only TaskBook changes `state`.
import type { Deferred, Effect } from "effect"
import type { TaskError } from "../model/errors.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { Graph } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type { ResidentObject } from "../model/Resident.ts"
import type { WaitingTask } from "../model/Snapshot.ts"
import type {
  OpTiming,
  TaskOutput,
  TaskRecord,
  TaskRun,
  TaskSpec,
  TaskState,
} from "../model/Task.ts"

export interface TaskSuccess {
  readonly output: TaskOutput
  readonly record: TaskRecord
}

/** What a plan runs on, and the rows of it that are the answer; null for all. */
export interface Scope {
  readonly graph: Graph
  readonly targets: ReadonlyArray<number> | Int32Array | null
}

/** With whom a task may run as one although they ask for different things; null for nobody. */
export interface MergeKeys {
  /** Runs that take this key answer it as well … */
  readonly joins: string | null
  /** … and its own run takes this one. */
  readonly takes: string | null
}

export const mergesWithNobody: MergeKeys = { joins: null, takes: null }

/** What the estimator found out: everything a policy and a lane need. */
export interface PreparedTask {
  readonly plan: Plan
  /** The task's own, or the part of its graph that its targets depend on. */
  readonly scope: Scope
  readonly merge: MergeKeys
  readonly residents: ReadonlyArray<ResidentObject>
  /** How a policy sees it. */
  readonly waiting: WaitingTask
}

/** A task that a run answers beside others, and how its answer is read off the run's output. */
export interface Member {
  readonly task: LiveTask
  readonly answer: (output: TaskOutput) => TaskOutput
}

export interface LiveTask {
  readonly spec: TaskSpec
  /** Order of arrival, unique in this runtime. */
  readonly seq: number
  readonly graph: Graph
  readonly model: GnnModel
  readonly submittedAtMs: number
  readonly done: Deferred.Deferred<TaskSuccess, TaskError>
  state: TaskState
  cancelRequested: boolean
  /** Stops the work of the stage that owns the task; null while it lies in a mailbox. */
  abort: Effect.Effect<void> | null
  /** Runs begun, preparation included; at most 1 + limits.maxRetries. */
  attempts: number
  prepared: PreparedTask | null
  plan: Plan | null
  group: number | null
  lane: number | null
  startedAtMs: number | null
  measuredPeakBytes: number | null
  ops: ReadonlyArray<OpTiming>
  runs: Array<TaskRun>
  sharedWith: string | null
  /** Of a run that answers several tasks: those; null for a task, which answers itself. */
  members: ReadonlyArray<Member> | null
}

/** A task that is to start, and those that wait for the same. */
export interface Party {
  readonly leader: LiveTask
  readonly same: ReadonlyArray<LiveTask>
}
