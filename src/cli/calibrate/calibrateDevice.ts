// The measurements of `calibrate` in order, and the profile that comes of them.
import { Clock, Effect, type Scope } from "effect"
import { fitInterference } from "../../cost/calibration/fitInterference.ts"
import {
  fitTimes,
  predictRunMs,
  residualRatios,
  scaleTimes,
  slowedBy,
} from "../../cost/calibration/fitTimes.ts"
import type { DeviceProfile } from "../../cost/DeviceProfile.ts"
import { cpuProfile } from "../../cost/DeviceProfile.ts"
import type { FittedTimes } from "../../cost/FittedTimes.ts"
import { slowdown } from "../../cost/interference.ts"
import type { MachineProfile } from "../../cost/MachineProfile.ts"
import type { Device } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { sharedFloat32 } from "../../model/Tensor.ts"
import type { GnnschedError } from "../describeError.ts"
import type { Progress } from "../progress.ts"
import { type CalibrationCase, fitCases, heldOutCases } from "./calibrationCases.ts"
import { processorMs } from "./disturbance.ts"
import { measureCases } from "./measureCases.ts"
import { measureHost } from "./measureHost.ts"
import { measurePair, type PairOptions, type PairResult } from "./measurePairs.ts"
import { GraphShelf, median, placePlan, prepareCase, quantile, runPlaced } from "./measurePlan.ts"
import type { SpeedProbe } from "./SpeedProbe.ts"

/** Absolute relative errors of predictions, as shares of what was measured. */
export interface Errors {
  readonly count: number
  readonly median: number
  readonly p90: number
  readonly max: number
}

export const errorsOf = (ratios: ReadonlyArray<number>): Errors => {
  const errors = ratios.map((ratio) => Math.abs(1 / ratio - 1))
  return {
    count: errors.length,
    median: quantile(errors, 0.5),
    p90: quantile(errors, 0.9),
    max: Math.max(...errors),
  }
}

export interface Calibration {
  readonly machine: MachineProfile
  readonly fitted: FittedTimes
  readonly fit: Errors
  readonly heldOut: Errors
  readonly pairs: Errors
  readonly heldOutRuns: ReadonlyArray<{
    readonly name: string
    readonly predictedMs: number
    readonly measuredMs: number
  }>
}

type Failure = GnnschedError

const pairOf = (a: number, b: number) => [a, b] as const

/** Positions in `cases`: the i-th runs beside the one `stride` further. */
const pairsAt = (count: number, stride: number): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: count }, (_, i) => pairOf(i, (i + stride) % count))

export const measurePairs = (
  device: Device,
  cases: ReadonlyArray<CalibrationCase>,
  profile: DeviceProfile,
  options: PairOptions & { readonly strides: ReadonlyArray<number> },
): Effect.Effect<ReadonlyArray<PairResult>, Failure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const shelf = new GraphShelf()
      const placed: Array<Effect.Success<ReturnType<typeof placePlan>>> = []
      let offset = 0
      for (const one of cases) {
        const graph = shelf.load(one.graph)
        const alignBytes = device.info.alignBytes
        const [prepared] = yield* prepareCase(graph, one, { alignBytes, profile })
        const plan = yield* placePlan(device, prepared, offset)
        offset = plan.endOffset
        placed.push(plan)
      }
      const results: Array<PairResult> = []
      for (const stride of options.strides) {
        for (const [a, b] of pairsAt(placed.length, stride)) {
          results.push(...(yield* measurePair(device, placed[a]!, placed[b]!, options)))
        }
      }
      return results
    }),
  )

/** Few cases of each kind that fit the pool together. */
const pairCases = (cases: ReadonlyArray<CalibrationCase>): ReadonlyArray<CalibrationCase> =>
  cases.filter((_, i) => i % 9 === 0)

/** Measured over predicted slowdown of pairs. */
export const pairRatios = (
  pairs: ReadonlyArray<PairResult>,
  { interference }: DeviceProfile,
): ReadonlyArray<number> =>
  pairs.map(
    ({ own, other, slowdown: measured }) => measured / slowdown([own, other], interference)[0]!,
  )

const nowMs = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)

/** Bytes of an upload that is long beside its fixed cost. */
const uploadBytes = 32 * 2 ** 20

/** By the processor time of the copy: the clock would count other programs as well. */
const measureUpload = (device: Device): Effect.Effect<number, DeviceError, Scope.Scope> =>
  Effect.gen(function* () {
    const data = new Uint8Array(sharedFloat32(uploadBytes / 4).buffer).fill(1)
    const grant = { id: 2 ** 40, offset: 0, bytes: uploadBytes }
    yield* Effect.acquireRelease(device.grant(grant), () => Effect.orDie(device.revoke(grant.id)))
    const times: Array<number> = []
    for (let i = 0; i < 5; i++) {
      const startMs = processorMs()
      yield* device.upload(grant.id, data)
      times.push(processorMs() - startMs)
    }
    return (1000 * uploadBytes) / median(times)
  })

/** Of 50 submissions the middle of the faster half: the others had to wait for a core. */
const fasterHalf = 0.25

/** What a submission takes besides its run: the way to the lane's thread and back. */
const measureOverhead = (
  device: Device,
  profile: DeviceProfile,
): Effect.Effect<number, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const one = fitCases[0]!
    const graph = new GraphShelf().load(one.graph)
    const { alignBytes } = device.info
    const [prepared] = yield* prepareCase(graph, one, { alignBytes, profile })
    const placed = yield* placePlan(device, prepared, 0)
    const times: Array<number> = []
    for (let i = 0; i < 50; i++) {
      const startMs = yield* nowMs
      const { runMs } = yield* runPlaced(device, placed, 0)
      times.push(Math.max(0, (yield* nowMs) - startMs - runMs))
    }
    return quantile(times, fasterHalf)
  })

/** The device must be idle and have the lanes it is to be used with. */
export const calibrateDevice = (
  device: Device,
  options: { readonly runs: number; readonly progress: Progress; readonly probe: SpeedProbe },
): Effect.Effect<Calibration, Failure> =>
  Effect.gen(function* () {
    const { runs, progress, probe } = options
    const held = heldOutCases([2, 5])
    const onCase = (offset: number) => (done: number) =>
      progress.update(offset + done, fitCases.length + held.length, 0)
    const onAgain = (cases: number) =>
      progress.phase(`${cases} of them again, the machine was slow just then`)
    const fitRuns = yield* measureCases(device, fitCases, cpuProfile, {
      runs,
      probe,
      onCase: onCase(0),
      onAgain,
    })
    const raw = fitTimes(fitRuns)
    const heldRuns = yield* measureCases(device, held, cpuProfile, {
      runs,
      probe,
      onCase: onCase(fitCases.length),
      onAgain,
    })
    // p50 is what the fitted runs have as their median, p95 the tail of those that were not fitted.
    const fitted = scaleTimes(raw, median(residualRatios(fitRuns, raw)))
    const ratios = residualRatios(heldRuns, fitted)
    const { info } = device
    const lane: DeviceProfile = {
      ...cpuProfile,
      name: info.name,
      fitted,
      p95Factor: Math.max(1, quantile(ratios, 0.95)),
      laneShare: 1 / info.lanes,
      probeMs: probe.calmMs,
    }
    progress.phase("running pairs")
    const twoLanes = info.lanes > 1
    const fitPairs = twoLanes
      ? yield* measurePairs(device, pairCases(fitCases), lane, { runs, probe, strides: [1, 4, 5] })
      : []
    const profile = twoLanes ? { ...lane, interference: fitInterference(fitPairs) } : lane
    const heldPairs = twoLanes
      ? yield* measurePairs(device, pairCases(held), profile, { runs, probe, strides: [1, 3] })
      : []
    progress.phase("running the runtime")
    const costs = yield* measureHost(profile)
    const hostBytesPerSecond = yield* Effect.scoped(measureUpload(device))
    const taskOverheadMs = yield* Effect.scoped(measureOverhead(device, profile))
    return {
      machine: {
        lane: costs === null ? profile : { ...profile, dispatchMs: costs.dispatchMs },
        lanes: info.lanes,
        budgetBytes: info.budgetBytes,
        alignBytes: info.alignBytes,
        bytesPerSecond: cpuProfile.bytesPerSecond * info.lanes,
        hostBytesPerSecond,
        taskOverheadMs,
        ...(costs === null ? {} : { host: costs.host }),
      },
      fitted,
      fit: errorsOf(residualRatios(fitRuns, fitted)),
      heldOut: errorsOf(residualRatios(heldRuns, fitted)),
      pairs: errorsOf(pairRatios(heldPairs, profile)),
      heldOutRuns: heldRuns.map((run) => ({
        name: run.name,
        predictedMs: predictRunMs(run, fitted) * slowedBy(run.pace),
        measuredMs: run.runMs,
      })),
    }
  })
