// Cases timed alone on an idle device. Those for which the machine was not calm in time are timed again when
// all others have been, and of a plan the fastest counts.
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

interface Measured {
  /** One for each plan of the case. */
  readonly runs: ReadonlyArray<MeasuredRun>
  /** No pass was calmer: the slowest of the probes beside its runs. */
  readonly probeMs: number
}

const fastest = (a: Measured, b: Measured): Measured => ({
  runs: a.runs.map((run, at) => (b.runs[at]!.runMs < run.runMs ? b.runs[at]! : run)),
  probeMs: Math.min(a.probeMs, b.probeMs),
})

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
    const shelf = new GraphShelf()
    const measured: Array<Measured | undefined> = cases.map(() => undefined)
    const isCalm = (one: Measured | undefined) =>
      one !== undefined && options.probe.isCalm(one.probeMs)
    for (let pass = 0; pass < passes; pass++) {
      const disturbed = measured.filter((of) => of !== undefined && !isCalm(of)).length
      if (disturbed > 0) options.onAgain?.(disturbed)
      for (const [at, one] of cases.entries()) {
        const before = measured[at]
        if (isCalm(before)) continue
        const again = yield* measureCase(device, shelf, one, profile, options)
        measured[at] = before === undefined ? again : fastest(before, again)
        options.onCase(measured.filter((of) => of !== undefined).length)
        yield* Effect.yieldNow
      }
    }
    return measured.flatMap((one) => one?.runs ?? [])
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
    const timed: Array<MeasuredRun> = []
    let slowestMs = 0
    for (const prepared of yield* prepareCase(graph, one, { alignBytes, profile })) {
      const { probeMs, ...run } = yield* timeAlone(device, prepared, { runs, probe })
      timed.push({ ...run, shape: graph.shape })
      slowestMs = Math.max(slowestMs, probeMs)
    }
    return { runs: timed, probeMs: slowestMs }
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
