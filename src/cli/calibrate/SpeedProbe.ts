// How fast a lane is just now. On a shared host others slow a core by half for seconds on end, through the
// other thread of the core, the shared cache or the memory, and no account of the system shows it. A small
// fixed plan on the same lane, run beside what is measured, does.
import { Effect, type Scope } from "effect"
import type { Device } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { footprintBytes } from "../../model/Plan.ts"
import { median, type PlacedPlan, type PreparedCase, placePlan, runPlaced } from "./measurePlan.ts"

/** Of so many runs the median, of less than a millisecond each. */
const runs = 3

/** A lane this much slower than at its best is disturbed; who shares its core costs it nearly half. */
const tolerance = 1.2

export class SpeedProbe {
  readonly #device: Device
  readonly #placed: PlacedPlan
  #leastMs = Number.POSITIVE_INFINITY

  private constructor(device: Device, placed: PlacedPlan) {
    this.#device = device
    this.#placed = placed
  }

  /** At the end of the pool, for the life of the scope. */
  static place(
    device: Device,
    prepared: PreparedCase,
  ): Effect.Effect<SpeedProbe, DeviceError, Scope.Scope> {
    const { alignBytes, budgetBytes } = device.info
    const room = budgetBytes - footprintBytes(prepared.plan)
    const offset = Math.floor(room / alignBytes) * alignBytes
    return Effect.map(placePlan(device, prepared, offset), (one) => new SpeedProbe(device, one))
  }

  /** Milliseconds that the fixed plan takes now. */
  readonly now: Effect.Effect<number, DeviceError> = Effect.suspend(() =>
    Effect.map(
      Effect.replicateEffect(runPlaced(this.#device, this.#placed, 0), runs),
      (completions) => {
        const ms = median(completions.map(({ runMs }) => runMs))
        this.#leastMs = Math.min(this.#leastMs, ms)
        return ms
      },
    ),
  )

  /** Whether the lane was as fast as it can be, as far as is known by now. */
  isCalm(probeMs: number): boolean {
    return probeMs <= tolerance * this.#leastMs
  }
}
