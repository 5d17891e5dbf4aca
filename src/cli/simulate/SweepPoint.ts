// One combination of a sweep, and what came of it.
import type { PolicyName, SchedulingMode } from "../../model/Snapshot.ts"

/** null: as the other flags say. */
export interface SweepPoint {
  readonly policy: PolicyName | null
  readonly mode: SchedulingMode | null
  /** Arrivals so many times as fast; 1 as in the workload. */
  readonly load: number | null
  readonly lanes: number | null
  readonly seed: number | null
}

/** Of completed tasks; null where there is none. */
export interface SweepRow {
  readonly policy: PolicyName | "own"
  readonly mode: SchedulingMode
  readonly load: number
  readonly lanes: number
  readonly seed: number
  readonly tasks: number
  readonly completed: number
  readonly meanResponseMs: number | null
  readonly p50ResponseMs: number | null
  readonly p99ResponseMs: number | null
  /** Of tasks that had a target. */
  readonly qosMetRatio: number | null
  readonly makespanMs: number
  readonly peakBytes: number
}
