// How fast lanes are just now. On a shared host others slow a core by half for seconds on end, through the
// other thread of the core, the shared cache or the memory, and no account of the system shows it. A small
// fixed plan on the same lane, run beside what is measured, does; and who measures can wait until it is calm.
import { Effect, type Scope } from "effect"
import { cpuProfile } from "../../cost/DeviceProfile.ts"
import type { Device } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { footprintBytes } from "../../model/Plan.ts"
import type { GnnschedError } from "../describeError.ts"
import { probeCase } from "./calibrationCases.ts"
import {
  GraphShelf,
  median,
  type PlacedPlan,
  placePlan,
  prepareCase,
  runPlaced,
} from "./measurePlan.ts"

/** Of so many runs the median, of less than a millisecond each; the first finds its cache used by others. */
const runs = 3

/** A lane this much slower than at its best is disturbed; who shares its core costs it half again. */
const tolerance = 1.2

/** Milliseconds of probing in vain: at a time, since most slow moments end within that, and … */
const onceMs = 1500
/** … for all that is measured with one probe, where the caller does not say. */
const patienceMs = 45_000

interface LaneSpeed {
  readonly lane: number
  readonly probeMs: number
}

export interface ProbeOptions {
  /** Milliseconds of probing in vain, in all. */
  readonly patience?: number
  /** What it took in calm moments when the profile was made that paces are to go with. */
  readonly profileMs?: number | undefined
}

export class SpeedProbe {
  readonly #device: Device
  readonly #placed: PlacedPlan
  #patienceMs: number
  #leastMs = Number.POSITIVE_INFINITY
  readonly #seen: Array<number> = []
  readonly #profileMs: number | null

  private constructor(device: Device, placed: PlacedPlan, options: ProbeOptions) {
    this.#device = device
    this.#placed = placed
    this.#patienceMs = options.patience ?? patienceMs
    this.#profileMs = options.profileMs ?? null
  }

  /** At the end of the pool, for the life of the scope. */
  static open(
    device: Device,
    options: ProbeOptions = {},
  ): Effect.Effect<SpeedProbe, GnnschedError, Scope.Scope> {
    return Effect.gen(function* () {
      const { alignBytes, budgetBytes } = device.info
      const graph = new GraphShelf().load(probeCase.graph)
      const placing = { alignBytes, profile: cpuProfile }
      const [prepared] = yield* prepareCase(graph, probeCase, placing)
      const room = budgetBytes - footprintBytes(prepared.plan)
      const offset = Math.floor(room / alignBytes) * alignBytes
      return new SpeedProbe(device, yield* placePlan(device, prepared, offset), options)
    })
  }

  /** Milliseconds that the fixed plan takes now. */
  on(lane: number): Effect.Effect<number, DeviceError> {
    const run = Effect.suspend(() => runPlaced(this.#device, this.#placed, lane))
    return Effect.map(Effect.replicateEffect(run, runs), (completions) => {
      const ms = median(completions.map(({ runMs }) => runMs))
      this.#leastMs = Math.min(this.#leastMs, ms)
      this.#seen.push(ms)
      return ms
    })
  }

  /** Whether the lane was as fast as it can be, as far as is known by now. */
  isCalm(probeMs: number): boolean {
    return probeMs <= tolerance * this.#leastMs
  }

  /** Milliseconds in calm moments, as far as they are known by now. */
  get calmMs(): number {
    return median(this.#seen.filter((ms) => this.isCalm(ms)))
  }

  /** How many times slower than in calm moments, those of the profile if there is one; 1 in those of now. */
  paceOf(probeMs: number): number {
    const calmMs = this.calmMs
    return (this.isCalm(probeMs) ? 1 : probeMs / calmMs) * (calmMs / (this.#profileMs ?? calmMs))
  }

  /** Whether it still waits: who measures repeats nothing for a machine that is never calm. */
  get isPatient(): boolean {
    return this.#patienceMs > 0
  }

  /** The fastest lane, as soon as it is calm or patience ends. */
  readonly calmLane: Effect.Effect<number, DeviceError> = Effect.suspend(() =>
    Effect.map(
      this.#watch(([fastest]) => this.isCalm(fastest!.probeMs)),
      ([fastest]) => fastest!.lane,
    ),
  )

  /** What the slowest lane takes, as soon as it is calm as well or patience ends. */
  readonly calmLanes: Effect.Effect<number, DeviceError> = Effect.suspend(() =>
    Effect.map(
      this.#watch((speeds) => this.isCalm(speeds.at(-1)!.probeMs)),
      (speeds) => speeds.at(-1)!.probeMs,
    ),
  )

  /** What the slowest lane takes now. */
  readonly slowest: Effect.Effect<number, DeviceError> = Effect.suspend(() =>
    Effect.map(this.#look, (speeds) => speeds.at(-1)!.probeMs),
  )

  /** Every lane, the fastest first. */
  get #look(): Effect.Effect<ReadonlyArray<LaneSpeed>, DeviceError> {
    const lanes = Array.from({ length: this.#device.info.lanes }, (_, lane) => lane)
    return Effect.map(
      Effect.forEach(lanes, (lane) => Effect.map(this.on(lane), (probeMs) => ({ lane, probeMs }))),
      (speeds) => speeds.toSorted((a, b) => a.probeMs - b.probeMs),
    )
  }

  #watch(
    isEnough: (speeds: ReadonlyArray<LaneSpeed>) => boolean,
  ): Effect.Effect<ReadonlyArray<LaneSpeed>, DeviceError> {
    const self = this
    return Effect.gen(function* () {
      let leftMs = Math.min(onceMs, self.#patienceMs)
      while (true) {
        const speeds = yield* self.#look
        if (isEnough(speeds) || leftMs <= 0) return speeds
        const spentMs = runs * speeds.reduce((sum, { probeMs }) => sum + probeMs, 0)
        leftMs -= spentMs
        self.#patienceMs -= spentMs
        yield* Effect.yieldNow
      }
    })
  }
}
