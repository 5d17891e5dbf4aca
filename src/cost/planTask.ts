// The planner's door: from a network's configuration and a graph's shape to a plan.
import type { Result } from "effect"
import type { InputError } from "../model/errors.ts"
import type { GnnConfig } from "../model/GnnModel.ts"
import type { GraphShape } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import type { DeviceProfile } from "./DeviceProfile.ts"

export interface PlanRequest {
  readonly config: GnnConfig
  readonly shape: GraphShape
  /** Number of target rows, or null for all. */
  readonly targets: number | null
  readonly alignBytes: number
  readonly profile: DeviceProfile
}

export type PlanTask = (request: PlanRequest) => Result.Result<Plan, InputError>
