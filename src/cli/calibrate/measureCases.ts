// Cases timed alone on an idle device. Those that met a slow moment of the machine are timed again when all
// others have been, and of a plan the fastest counts.
import { Effect } from "effect"
import type { MeasuredRun } from "../../cost/calibration/fitTimes.ts"
import type { DeviceProfile } from "../../cost/DeviceProfile.ts"
import type { Device } from "../../device/Device.ts"
import type { GnnschedError } from "../describeError.ts"
import { type CalibrationCase, probeCase } from "./calibrationCases.ts"
import { GraphShelf, type PreparedCase, placePlan, prepareCase, timePlan } from "./measurePlan.ts"
import { SpeedProbe } from "./SpeedProbe.ts"

/** Times that a case is timed at most. */
const passes = 3

interface Measured {
  /** One for each plan of the case. */
  readonly runs: ReadonlyArray<MeasuredRun>
  /** No pass was calmer: the slower of the probes around it. */
  readonly probeMs: number
}

const fastest = (a: Measured, b: Measured): Measured => ({
  runs: a.runs.map((run, at) => (b.runs[at]!.runMs < run.runMs ? b.runs[at]! : run)),
  probeMs: Math.min(a.probeMs, b.probeMs),
})

export interface MeasureOptions {
  readonly runs: number
  /** Cases that are measured, of all there are. */
  readonly onCase: (done: number) => void
  /** So many met a slow moment and are timed again. */
  readonly onAgain?: (cases: number) => void
}

/** Every plan of every case, in order. */
export const measureCases = (
  device: Device,
  cases: ReadonlyArray<CalibrationCase>,
  profile: DeviceProfile,
  options: MeasureOptions,
): Effect.Effect<ReadonlyArray<MeasuredRun>, GnnschedError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const shelf = new GraphShelf()
      const [prepared] = yield* prepare(device, shelf, probeCase, profile)
      const probe = yield* SpeedProbe.place(device, prepared)
      const measured: Array<Measured | undefined> = cases.map(() => undefined)
      const isCalm = (one: Measured | undefined) => one !== undefined && probe.isCalm(one.probeMs)
      for (let pass = 0; pass < passes; pass++) {
        const disturbed = measured.filter((of) => of !== undefined && !isCalm(of)).length
        if (disturbed > 0) options.onAgain?.(disturbed)
        for (const [at, one] of cases.entries()) {
          const before = measured[at]
          if (isCalm(before)) continue
          const again = yield* measureCase(device, shelf, one, { probe, profile, ...options })
          measured[at] = before === undefined ? again : fastest(before, again)
          options.onCase(measured.filter((of) => of !== undefined).length)
          yield* Effect.yieldNow
        }
      }
      return measured.flatMap((one) => one?.runs ?? [])
    }),
  )

const prepare = (
  { info: { alignBytes } }: Device,
  shelf: GraphShelf,
  one: CalibrationCase,
  profile: DeviceProfile,
) => prepareCase(shelf.load(one.graph), one, { alignBytes, profile })

const measureCase = (
  device: Device,
  shelf: GraphShelf,
  one: CalibrationCase,
  {
    probe,
    profile,
    runs,
  }: MeasureOptions & { readonly probe: SpeedProbe; readonly profile: DeviceProfile },
): Effect.Effect<Measured, GnnschedError> =>
  Effect.gen(function* () {
    const { shape } = shelf.load(one.graph)
    const timed: Array<MeasuredRun> = []
    let probeMs = yield* probe.now
    for (const prepared of yield* prepare(device, shelf, one, profile)) {
      timed.push(yield* timeAlone(device, prepared, { runs, shape }))
      probeMs = Math.max(probeMs, yield* probe.now)
    }
    return { runs: timed, probeMs }
  })

const timeAlone = (
  device: Device,
  prepared: PreparedCase,
  { runs, shape }: { readonly runs: number; readonly shape: MeasuredRun["shape"] },
): Effect.Effect<MeasuredRun, GnnschedError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { name, plan } = prepared
      const placed = yield* placePlan(device, prepared, 0)
      const timing = yield* timePlan(device, placed, { runs })
      return { name, shape, ops: plan.ops, ...timing }
    }),
  )
