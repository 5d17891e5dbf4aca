// A task that is ready to run, as a policy sees it: plain data that does not change while it waits.
import type { FirstAtHand } from "./FirstAtHand.ts"
import type { Demand } from "./Plan.ts"

export interface ResidentNeed {
  readonly key: string
  /** Exact bytes before alignment. */
  readonly bytes: number
}

/** One way to run a task. */
export interface PlanOption {
  readonly arenaBytes: number
  readonly residents: ReadonlyArray<ResidentNeed>
  /** Arena + residents, aligned: what it needs on an empty device. */
  readonly footprintBytes: number
  /** Median of the run time alone, corrected by what earlier runs took. */
  readonly predictedMs: number
  /** Its 95th percentile. */
  readonly predictedP95Ms: number
  /** What it contends for beside others. */
  readonly demand: Demand
}

/** A task that is ready to run, by its first plan: the largest that the device can hold. */
export interface WaitingTask extends PlanOption {
  readonly id: string
  readonly tenant: string
  /** Order of arrival, unique. */
  readonly seq: number
  readonly submittedAtMs: number
  /** QoS target relative to submission, or null. */
  readonly qosTargetMs: number | null
  /**
   * When its turn is among the promises, in milliseconds since the runtime was opened: behind others that are due
   * later, where it can wait and they cannot. Left out: when it is due.
   */
  readonly turnAtMs?: number
  readonly priority: number
  /**
   * Its plans, each of fewer bytes and more time than the one before. Those behind the first are made when they
   * are asked for, which takes milliseconds. Left out where there is one.
   */
  readonly options?: FirstAtHand<PlanOption>
  /** Tasks with the same key ask for the same: whoever of them starts answers them all. */
  readonly workKey?: string
}

/** The task as it is by another of its plans. */
export const withPlan = (task: WaitingTask, index: number): WaitingTask => {
  const option = task.options?.at(index)
  return option === undefined ? task : { ...task, ...option }
}
