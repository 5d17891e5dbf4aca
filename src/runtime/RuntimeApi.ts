// The embedded API as types: what an application holds. Runtime.ts opens it, in a worker thread of
// its own by default, or in the caller's thread with `inProcess`.
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import type { Explanation } from "../model/Explanation.ts"
import type { FaultPlan } from "../model/FaultPlan.ts"
import type { GnnConfig, ModelSource } from "../model/GnnModel.ts"
import type { GraphShape, GraphSource } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type { Precision } from "../model/precision.ts"
import type { DeviceInfo, RunReport, TenantInfo } from "../model/RunReport.ts"
import type { PolicyName, SchedulingMode } from "../model/Snapshot.ts"
import type { TaskOutput, TaskRecord, TaskSpec, TaskState } from "../model/Task.ts"
import type { ChooseTasks } from "../policy/ownPolicy.ts"

export interface RuntimeOptions {
  /** Default "cpu". */
  readonly device?: "cpu" | "cuda" | "reference"
  /**
   * How exact tasks compute: see model/precision.ts. Results, weights and features are float32 in all
   * of them. Default "fp32", which the cpu device knows alone.
   */
  readonly precision?: Precision
  /** Bytes of the device's pool; default: the device's stated share. */
  readonly memoryBytes?: number
  /** Default: one per core. */
  readonly lanes?: number
  /** Which GPU, as CUDA numbers them; default 0. Of the device "cuda" alone, as `smShare` is. */
  readonly gpu?: number
  /**
   * Share of the GPU's multiprocessors that tasks with a priority above 0 have to themselves; the others
   * have the rest. Default 0: all tasks use all of them.
   */
  readonly smShare?: number
  /**
   * Default "slo". A function is a policy of the application's own; it runs where it was made, so the
   * runtime does as well, as with `inProcess`.
   */
  readonly policy?: PolicyName | ChooseTasks
  /** Default "continuous". */
  readonly mode?: SchedulingMode
  /**
   * Whether `slo` and `priority` may stop a running task at an operator boundary for one that is urgent,
   * in continuous mode. It keeps its memory and goes on later from where it stopped. Default true.
   */
  readonly preempt?: boolean
  /** Whether a task may run by a plan of less memory and more time. Default true. */
  readonly elastic?: boolean
  readonly tenants?: ReadonlyArray<TenantInfo>
  /** Default 1. */
  readonly prepThreads?: number
  readonly prepTimeoutMs?: number
  /** Tasks that have not ended. Default `limits.maxQueuedTasks`. */
  readonly maxQueuedTasks?: number
  /**
   * What the tasks that wait, of all tenants, would take of the device, each alone and by the plan that it
   * was taken with. Beyond it a task is refused with QueueFull. Default `limits.maxQueuedBytes`.
   */
  readonly maxQueuedBytes?: number
  /** Ended tasks kept for `report()`; the oldest go first. Default `limits.historyTasks`. */
  readonly historyTasks?: number
  readonly faults?: FaultPlan
  /** Run in the caller's thread instead of a worker. Default false. */
  readonly inProcess?: boolean
  /**
   * Whether the runtime gets ready for its first task before it comes. Its worker rehearses with simulated
   * tasks, so that its scripts are compiled by then: some 0.3 s of one core, and none with `inProcess`. Of the
   * cpu device's pool the first GiB is touched until the first run (`limits.warmPoolBytes`): memory that is
   * committed at once then, where it else would be with its first use. Default true.
   */
  readonly warmUp?: boolean
  /** The policy "unsafe" is refused without it. */
  readonly allowUnsafe?: boolean
  /** What happens to a task whose deadline passes while it waits. Default "run". */
  readonly lateTasks?: "run" | "expire"
  /**
   * "deadline": a deadline is a promise. A task is refused with DeadlineInfeasible where it cannot be
   * kept beside the promises given before, and ended unstarted once it is lost all the same, as with
   * `lateTasks: "expire"`. Default "all": a deadline is a target.
   */
  readonly admit?: "all" | "deadline"
  /**
   * Tasks that ask for the same run once, and what is small runs together; each answer is as if alone.
   * Default true, but false beside `faults`, which strike tasks by name. A task's own `share: false`
   * keeps it out.
   */
  readonly shareWork?: boolean
  /**
   * What `gnnsched calibrate` wrote for this device: a file, or what `readProfileFile` made of it.
   * Default: a profile fitted on two cores of a server.
   */
  readonly profile?: string | DeviceProfile
  /** Another build of the native addon; default: the one built at install. */
  readonly addonPath?: string
}

export interface GraphHandle {
  readonly id: string
  readonly shape: GraphShape
}

export interface ModelHandle {
  readonly id: string
  readonly config: GnnConfig
}

/** Fields with a default may be left out. */
export interface SubmitInput {
  /** Default: a fresh one. */
  readonly id?: string
  /** Default "default". */
  readonly tenant?: string
  readonly graph: GraphHandle
  readonly model: ModelHandle
  readonly nodes?: TaskSpec["nodes"]
  readonly deadlineMs?: number | null
  readonly priority?: number
  /** false: a run of its own, whatever others ask for. Default true. */
  readonly share?: boolean
}

export interface TaskResult {
  readonly output: TaskOutput
  readonly record: TaskRecord
}

export interface TaskHandle {
  readonly id: string
  /** Rejects with the task's typed error (see model/errors.ts) unless it completed. */
  readonly result: Promise<TaskResult>
  readonly state: TaskState
  /** Resolves when the task has ended, however it ended. */
  cancel(): Promise<void>
  /** Called on each change of state; returns the function that stops it. */
  onState(listener: (state: TaskState) => void): () => void
}

/** The Promise face. */
export interface RuntimeApi {
  readonly device: DeviceInfo
  loadGraph(source: GraphSource): Promise<GraphHandle>
  loadModel(source: ModelSource): Promise<ModelHandle>
  submit(input: SubmitInput): TaskHandle
  /**
   * Tasks that come at once, in one message: the policy decides on the first when it knows of all. One by
   * one, a long task may begin before a short one that was submitted a millisecond later is heard of.
   */
  submitAll(inputs: ReadonlyArray<SubmitInput>): ReadonlyArray<TaskHandle>
  /** The exact plan of a task, without running it. */
  estimate(input: { graph: GraphHandle; model: ModelHandle; targets?: number }): Promise<Plan>
  /**
   * Resolves when what can be made ahead of tasks is made: the packed weights of the networks that were
   * loaded, and what the plans that were estimated need of their graphs. A task that comes sooner waits for it.
   */
  ready(): Promise<void>
  /** Resolves when every accepted task has ended. */
  drain(): Promise<void>
  report(): Promise<RunReport>
  /**
   * What a task waited for at each moment, and with whom it ran: one that has ended or, so far, one
   * that has not. Rejects with TaskNotFound.
   */
  explain(id: string): Promise<Explanation>
  /** Cancels what still runs, gives everything back. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
