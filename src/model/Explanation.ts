// Why a task waited and with whom it ran, as data: what `explainTask` reads out of a report.
import type { DeferReason, SchedulingMode } from "./Snapshot.ts"
import type { TaskRun, TaskState } from "./Task.ts"

/** The part of a report that explains; report.json and the runtime's own report both have it. */
export interface ExplainableRun {
  readonly policy: string
  readonly mode: SchedulingMode
  readonly device: { readonly lanes: number }
  readonly tasks: ReadonlyArray<ExplainableTask>
  readonly decisions: ReadonlyArray<ExplainableDecision>
}

export interface ExplainableTask {
  readonly id: string
  readonly tenant: string
  readonly status: TaskState
  readonly submittedAtMs: number
  readonly readyAtMs: number | null
  readonly finishedAtMs: number | null
  readonly sharedWith: string | null
  readonly runs: ReadonlyArray<TaskRun>
}

export interface ExplainableDecision {
  readonly atMs: number
  /** Counts the decisions that started something. */
  readonly number: number
  readonly start: ReadonlyArray<string>
  readonly blocked: { readonly id: string; readonly reason: DeferReason } | null
  readonly preempt?: ReadonlyArray<string>
}

/**
 * What a task waited for. `memory`, `lane`, `threshold` and `interference` as the policy said;
 * `order`: the policy had others before it, or its group was complete; `fairness`: another tenant was due
 * more; `preempted`: it gave way; `preparing`: its own plan and data; `settling`: groups mode, others
 * that had come and were not ready; `deciding`: the next decision, or its start; `unlogged`: the log
 * no longer goes back so far.
 */
export type WaitReason =
  | DeferReason
  | "fairness"
  | "preempted"
  | "preparing"
  | "settling"
  | "deciding"
  | "unlogged"

/** Another task that was on a lane meanwhile. */
export interface Company {
  readonly id: string
  readonly tenant: string
  readonly overlapMs: number
}

export interface WaitStep {
  readonly kind: "wait"
  readonly fromMs: number
  readonly toMs: number
  readonly reason: WaitReason
  /** The task that was next, or that it gave way to; null when it was next itself. */
  readonly behind: string | null
  /** What that one waited for. */
  readonly behindReason: DeferReason | null
  /** Running tasks that were told to make room. */
  readonly preempting: ReadonlyArray<string>
  readonly beside: ReadonlyArray<Company>
}

export interface RunStep {
  readonly kind: "run"
  readonly fromMs: number
  readonly toMs: number
  readonly lane: number
  readonly group: number
  /** Of it, until everything it needs was on the device. */
  readonly loadMs: number
  readonly end: TaskRun["end"]
  readonly preemptedBy: string | null
  readonly beside: ReadonlyArray<Company>
}

export type Step = WaitStep | RunStep

export interface Explanation {
  readonly id: string
  /** From submission to the end (or now), without gap or overlap. */
  readonly steps: ReadonlyArray<Step>
  /** Milliseconds of waiting by reason, the longest first. */
  readonly waitedMs: Readonly<Partial<Record<WaitReason, number>>>
  readonly ranMs: number
  /** The task whose run answered it: its runs are the ones told. */
  readonly sharedWith: string | null
}
