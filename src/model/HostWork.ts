// What the host does for a task takes time of its own. A real one takes it by itself; in a simulation
// this is where it passes.
import type { Effect } from "effect"

export interface HostWork {
  /** Between submission and preparation; `plannedOps`: operators of the smaller plans made since the last. */
  readonly takeIn: (plannedOps: number) => Effect.Effect<void>
  /** One object made by a preparation worker, once for all that name it by `key`. */
  readonly make: (key: string) => Effect.Effect<void>
  /** An object was made before anybody waited for it. */
  readonly made: (key: string) => void
  /** Before an object travels to the device. */
  readonly upload: Effect.Effect<void>
  /** Half of the way to the lane and back. */
  readonly dispatch: Effect.Effect<void>
}
