// What the planner is asked: a network, a graph's shape and a device's alignment and ceilings. No
// weight and no edge is needed.
import type { GnnConfig } from "../model/GnnModel.ts"
import type { GraphShape } from "../model/Graph.ts"
import type { DeviceProfile } from "./DeviceProfile.ts"

export interface PlanRequest {
  readonly config: GnnConfig
  readonly shape: GraphShape
  /** Number of target rows, or null for all. */
  readonly targets: number | null
  readonly alignBytes: number
  readonly profile: DeviceProfile
  /**
   * GIN's eps of each layer, from `ginEps(model)`. It sets a constant of an operator and nothing of
   * the layout (only an eps of exactly -1 drops the self term, and its cost, which may turn the
   * order of a product); left out or null, the configuration's.
   */
  readonly ginEps?: ReadonlyArray<number> | null
  /**
   * Those of another plan: the same sums in the same order, whatever is cheapest for this shape. Left
   * out: the cheapest.
   */
  readonly variants?: ReadonlyArray<number>
}
