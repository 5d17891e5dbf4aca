// What a tenant submits, the states it passes through, and what is known of it when it has ended.
import type { TaskError } from "./errors.ts"

/** Ids of a graph and a model are those that `loadGraph` and `loadModel` returned. */
export interface TaskSpec {
  readonly id: string
  readonly tenant: string
  readonly graph: string
  readonly model: string
  /** Only these rows, in this order (duplicates allowed); null for all. Not with a readout. */
  readonly nodes: ReadonlyArray<number> | Int32Array | null
  /** QoS target, from submission; null for none. */
  readonly deadlineMs: number | null
  /** Larger is more urgent; 0 is ordinary. */
  readonly priority: number
  /** May be answered by a run that answers others as well. Left out: yes. */
  readonly share?: boolean
}

/**
 * queued → preparing → ready → running → completed | failed | cancelled | expired, and from queued
 * also rejected. A retried task goes back from running (or preparing) to queued, one that was preempted
 * from running to ready.
 */
export type TaskState =
  | "queued"
  | "preparing"
  | "ready"
  | "running"
  | "completed"
  | "failed"
  | "cancelled"
  | "rejected"
  | "expired"

export type TerminalState = "completed" | "failed" | "cancelled" | "rejected" | "expired"

export const isTerminal = (state: TaskState): state is TerminalState =>
  state === "completed" ||
  state === "failed" ||
  state === "cancelled" ||
  state === "rejected" ||
  state === "expired"

/** float32 [rows, cols], row-major, in shared memory. */
export interface TaskOutput {
  readonly rows: number
  readonly cols: number
  readonly data: Float32Array
}

export interface OpTiming {
  readonly name: string
  readonly startMs: number
  readonly endMs: number
}

/** One stay of a task on a lane; a task that was preempted, or tried again, has several. */
export interface TaskRun {
  readonly lane: number
  /** The decision that started it. */
  readonly group: number
  readonly startedAtMs: number
  /** What it needs was on the device and its plan went to the lane; null when it did not come to that. */
  readonly loadedAtMs: number | null
  /** null while it runs. */
  readonly endedAtMs: number | null
  readonly end: "running" | "completed" | "preempted" | "failed" | "cancelled"
  /** The task it gave way to. */
  readonly preemptedBy: string | null
}

/** Times are milliseconds since the runtime was opened. */
export interface TaskRecord {
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly graph: string
  readonly status: TaskState
  readonly reason: TaskError | null
  /** Number of the group it ran in (groups mode) or of the decision that started it; or null. */
  readonly group: number | null
  readonly lane: number | null
  readonly attempts: number
  readonly submittedAtMs: number
  /** Planned and prepared: from here on it waits for the policy. null when it never was. */
  readonly readyAtMs: number | null
  readonly startedAtMs: number | null
  readonly finishedAtMs: number | null
  readonly deadlineMs: number | null
  readonly priority: number
  /** All resident objects of the task, aligned; shared ones counted in full. */
  readonly residentBytes: number | null
  /** residentBytes + arenaBytes of the plan. */
  readonly predictedPeakBytes: number | null
  /** What the device itself saw: residents it read + the arena's high-water mark. */
  readonly measuredPeakBytes: number | null
  readonly predictedMs: number | null
  readonly ops: ReadonlyArray<OpTiming>
  /** Every stay on a lane, in order. */
  readonly runs: ReadonlyArray<TaskRun>
  /** Which of its plans was chosen, by name; "whole" keeps everything on the device at once. */
  readonly plan: string | null
  /**
   * The task whose run answered this one as well; or null. Then `group`, `lane` and the bytes are that
   * run's, and `runs` and `ops` are left to the task that it is named after.
   */
  readonly sharedWith: string | null
  /** It had asked for a run of its own. */
  readonly share?: false
}
