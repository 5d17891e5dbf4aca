// A task between submission and its end: the one mutable record that the actors pass along. Whoever
// owns the task at the moment sets `abort`; only TaskBook changes `state`.
import type { Deferred, Effect } from "effect"
import type { TaskError } from "../model/errors.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { Graph } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type {
  OpTiming,
  TaskOutput,
  TaskRecord,
  TaskRun,
  TaskSpec,
  TaskState,
} from "../model/Task.ts"
import type { Admitted } from "./Admitted.ts"
import type { HostMemory } from "./HostMemory.ts"
import type { Pause } from "./PausedTask.ts"
import type { PreparedTask } from "./PreparedTask.ts"

export interface TaskSuccess {
  readonly output: TaskOutput
  readonly record: TaskRecord
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
  abort: ((task: LiveTask) => Effect.Effect<void>) | null
  /** Runs begun, preparation included; at most 1 + limits.maxRetries. */
  attempts: number
  /** From its admission to its end. */
  admitted: Admitted | null
  prepared: PreparedTask | null
  /** Set while it waits to go on after it was preempted. */
  pause: Pause | null
  /** From the start of its first run on. */
  hostMemory: HostMemory | null
  plan: Plan | null
  group: number | null
  lane: number | null
  readyAtMs: number | null
  startedAtMs: number | null
  measuredPeakBytes: number | null
  ops: ReadonlyArray<OpTiming>
  runs: Array<TaskRun>
  sharedWith: string | null
  /** Of a run that answers several tasks: those; null for a task, which answers itself. */
  members: ReadonlyArray<Member> | null
}

/** A task that is to start with one of its plans, and those that wait for the same. */
export interface Party {
  readonly leader: LiveTask
  readonly plan: number
  readonly same: ReadonlyArray<LiveTask>
}
