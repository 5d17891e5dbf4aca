// What a policy sees and what it answers: plain data both ways.
import type { InterferenceModel } from "./Interference.ts"
import type { FreeRange, MemoryView } from "./MemoryView.ts"
import type { Demand } from "./Plan.ts"
import type { PlanOption, ResidentNeed, WaitingTask } from "./WaitingTask.ts"
import type { WaitingTasks } from "./WaitingTasks.ts"

export type { PlanOption, ResidentNeed, WaitingTask }

/** Measured over predicted time of what is left of a run, at the median and at the 95th percentile. */
export interface Foreseen {
  readonly p50Factor: number
  readonly p95Factor: number
}

export interface RunningTask {
  readonly id: string
  readonly tenant: string
  readonly lane: number
  readonly startedAtMs: number
  /**
   * Predicted, from `startedAtMs` on, until it can begin: what was loaded before for others, and what it
   * brings to the device itself.
   */
  readonly loadMs: number
  /** Residents that it brings; none where left out. */
  readonly brings?: ReadonlyArray<string>
  readonly predictedMs: number
  /** What is done of it by now, in milliseconds alone, beside whatever it ran; left out where not known. */
  readonly doneMs?: number | undefined
  /** As the device tells: operators of its plan that have ended, and since when. */
  readonly progress?: { readonly opsDone: number; readonly sinceMs: number } | undefined
  /**
   * What those of its operators that have ended foretell of the others. Left out where none has, or the device does
   * not tell.
   */
  readonly left?: Foreseen | undefined
  readonly footprintBytes: number
  readonly demand: Demand
  /** Where in the pool it works: free again when it ends. Left out where that is not known. */
  readonly arena?: FreeRange
  /** Left out where nothing that runs is ever stopped. */
  readonly stop?: Stoppable
}

/** What a policy weighs before it stops a run at an operator boundary; the task goes on from there later. */
export interface Stoppable {
  /** End of each operator of its plan, as planned, from the plan's beginning. */
  readonly opEndsMs: ReadonlyArray<number>
  /** The operator with which this run began. */
  readonly firstOp: number
  /** Infinite without a target. */
  readonly dueAtMs: number
  /** When its turn is among the promises; left out: when it is due. */
  readonly turnAtMs?: number
  readonly predictedP95Ms: number
  readonly priority: number
  /** Times it has given way; at most `limits.maxPreemptions`. */
  readonly preemptions: number
  /** The waiting task for which it is being stopped, or null. */
  readonly stoppingFor: string | null
}

/** What a tenant is due and what it has had, in the same currency for all. */
export interface TenantShare {
  /** Share of device time relative to others; 1 unless the runtime was told otherwise. */
  readonly weight: number
  /**
   * Device time of its ended runs, in milliseconds, each times the lanes that its part of the memory is
   * worth (`policy/dominance`); raised when the tenant comes back from idleness, so that time in which it
   * asked for nothing gives it little claim on later time.
   */
  readonly attainedMs: number
}

export type SchedulingMode = "groups" | "continuous"

/** In groups mode the scheduler asks only when nothing runs. */
export interface Snapshot {
  readonly mode: SchedulingMode
  readonly waiting: WaitingTasks
  /** Valid until the next change. */
  readonly running: ReadonlyArray<RunningTask>
  readonly lanesTotal: number
  readonly lanesFree: number
  /** A deadline is a promise: what is late is ended, not run. Left out: it is a target. */
  readonly firm?: boolean
  /** What a run costs beside what is predicted, as learnt; nothing where left out. */
  readonly overheadMs?: number
  /** Tasks this scheduler has started so far: the alternating policies go on from there. */
  readonly startedCount: number
  /** Of now: valid until the next change, so that a policy that wants it later copies it. */
  readonly memory: MemoryView
  /** From host memory to the device: what a resident object that is not there costs first. */
  readonly loadBytesPerMs: number
  readonly interference: InterferenceModel
  /** Every tenant that has a task here, waiting or running. */
  readonly tenants: ReadonlyMap<string, TenantShare>
  /** The same, the least service for a weight of 1 first. Valid until the next change. */
  readonly byService: ReadonlyArray<TenantShare & { readonly tenant: string }>
  /** No tenant weighs more. Left out where that is not known. */
  readonly maxWeight?: number
}

/** `interference`: it would slow what runs by more than it gains. */
export type DeferReason = "memory" | "lane" | "order" | "threshold" | "interference"

export interface Decision {
  /** Tasks to start now, in this order; together they fit. */
  readonly start: ReadonlyArray<string>
  /** The first task that was not started although it was next, and why; null if none waits. */
  readonly blocked: { readonly id: string; readonly reason: DeferReason } | null
  /** Running tasks to stop at their next operator boundary, so that `blocked` has a lane. */
  readonly preempt?: ReadonlyArray<string>
  /** By task, which of its options it starts with, where that is not the first. */
  readonly plans?: Readonly<Record<string, number>>
  /** Bytes at which the policy closes a group; null when it has no threshold of its own. */
  readonly thresholdBytes: number | null
}

export type Policy = (snapshot: Snapshot, nowMs: number) => Decision

/** Asked when something waits and no lane is free: whom to stop and for whom; null for nobody. */
export type Preempt = (snapshot: Snapshot, nowMs: number) => Decision | null

export const policyNames = [
  "slo",
  "base",
  "lmcf",
  "bmc",
  "sqtf",
  "bqt",
  "edf",
  "sjf",
  "priority",
  "fair",
  "sequential",
  "unsafe",
] as const
export type PolicyName = (typeof policyNames)[number]
