// One combination of a sweep, and what came of it.

import type { PolicyName, SchedulingMode } from "../../model/Snapshot.ts"
import type { RunFigures } from "../report/RunFigures.ts"

/** null: as the other flags say. */
export interface SweepPoint {
  readonly policy: PolicyName | null
  readonly mode: SchedulingMode | null
  /** Arrivals so many times as fast; 1 as in the workload. */
  readonly load: number | null
  readonly lanes: number | null
  readonly seed: number | null
}

export interface SweepRow extends RunFigures {
  readonly policy: PolicyName | "own"
  readonly mode: SchedulingMode
  readonly load: number
  readonly lanes: number
  readonly seed: number
}
