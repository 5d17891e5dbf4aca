// Cases timed alone on an idle device. Those for which the machine was not calm in time are timed again when
// all others have been, and of a plan the calmest pass counts, or the fastest.
import { Effect } from "effect"
import type { MeasuredRun } from "../../cost/calibration/fitTimes.ts"
import type { DeviceProfile } from "../../cost/DeviceProfile.ts"
import type { Device } from "../../device/Device.ts"
import type { GnnschedError } from "../describeError.ts"
import type { CalibrationCase } from "./calibrationCases.ts"
import { GraphShelf, type PreparedCase, placePlan, prepareCase } from "./measurePlan.ts"
import type { SpeedProbe } from "./SpeedProbe.ts"
import { timePlan } from "./timePlan.ts"

/** Times that a case is timed at most. */
const passes = 2

/** A plan in one pass, and what the probe took beside it. */
interface Timed {
  readonly run: Omit<MeasuredRun, "pace">
  readonly probeMs: number
}

/** One for each plan of a case. */
type Measured = ReadonlyArray<Timed>

/** A pass that was calm before one that was not, and the faster of two that are alike. */
const better = (probe: SpeedProbe, a: Timed, b: Timed): Timed => {
  const [calmA, calmB] = [probe.isCalm(a.probeMs), probe.isCalm(b.probeMs)]
  if (calmA !== calmB) return calmA ? a : b
  return b.run.runMs < a.run.runMs ? b : a
}

export interface MeasureOptions {
  readonly runs: number
  readonly probe: SpeedProbe
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
  Effect.gen(function* () {
    const { probe } = options
    const shelf = new GraphShelf()
    const measured: Array<Measured | undefined> = cases.map(() => undefined)
    const isCalm = (of: Measured | undefined) =>
      of?.every(({ probeMs }) => probe.isCalm(probeMs)) ?? false
    for (let pass = 0; pass < passes && (pass === 0 || probe.isPatient); pass++) {
      const disturbed = measured.filter((of) => of !== undefined && !isCalm(of)).length
      if (disturbed > 0) options.onAgain?.(disturbed)
      for (const [at, one] of cases.entries()) {
        const before = measured[at]
        if (isCalm(before)) continue
        const again = yield* measureCase(device, shelf, one, profile, options)
        measured[at] = again.map((timed, i) =>
          before === undefined ? timed : better(probe, before[i]!, timed),
        )
        options.onCase(measured.filter((of) => of !== undefined).length)
        yield* Effect.yieldNow
      }
    }
    return measured.flatMap((of) =>
      of!.map(({ run, probeMs }) => ({ ...run, pace: probe.paceOf(probeMs) })),
    )
  })

const measureCase = (
  device: Device,
  shelf: GraphShelf,
  one: CalibrationCase,
  profile: DeviceProfile,
  { probe, runs }: MeasureOptions,
): Effect.Effect<Measured, GnnschedError> =>
  Effect.gen(function* () {
    const graph = shelf.load(one.graph)
    const { alignBytes } = device.info
    const plans = yield* prepareCase(graph, one, { alignBytes, profile })
    return yield* Effect.forEach(plans, (prepared) =>
      Effect.map(timeAlone(device, prepared, { runs, probe }), ({ probeMs, ...run }) => ({
        run: { ...run, shape: graph.shape },
        probeMs,
      })),
    )
  })

const timeAlone = (
  device: Device,
  prepared: PreparedCase,
  options: { readonly runs: number; readonly probe: SpeedProbe },
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const placed = yield* placePlan(device, prepared, 0)
      const { opMs, probeMs, runMs } = yield* timePlan(device, placed, options)
      return { name: prepared.name, ops: prepared.plan.ops, opMs, runMs, probeMs }
    }),
  )
