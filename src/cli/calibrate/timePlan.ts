// Times a placed plan alone, in moments when nobody disturbs it: what the fit is made of.
import { Effect } from "effect"
import type { Completion, Device } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { waitedMs } from "./disturbance.ts"
import { median, type PlacedPlan, runPlaced } from "./measurePlan.ts"
import type { SpeedProbe } from "./SpeedProbe.ts"

export interface PlanTiming {
  /** Median of the runs, without the first. */
  readonly runMs: number
  /** Of each operator, likewise. */
  readonly opMs: ReadonlyArray<number>
  /** Every run that counts. */
  readonly runs: ReadonlyArray<number>
  /** Of the probes beside them, the median: how fast the lane was. */
  readonly probeMs: number
}

/** A run whose threads waited for a core for more than this part of it says nothing of the device. */
export const mostWaited = 0.03
/** Tries for each run that is wanted, as long as there is hope for a calm moment. */
const tries = 2

/** Where the probes on both sides of a run differ by more than this, a slow moment began or ended in it. */
const steadiness = 1.15

interface WatchedRun {
  readonly completion: Completion
  /** Part of the run for which threads of this process waited for a core. */
  readonly waited: number
  /** Of the probes on both sides of it: the mean, and the slower over the faster. */
  readonly probeMs: number
  readonly change: number
}

/** How much longer it took, by all that is known, than undisturbed: to compare runs with. */
const disturbance = ({ change, waited, probeMs }: WatchedRun): number =>
  probeMs * (1 + waited) * Math.max(1, change / steadiness)

/** Those that nobody disturbed; where there are too few, the `count` that were disturbed least. */
const leastDisturbed = (
  runs: ReadonlyArray<WatchedRun>,
  count: number,
  isCalm: (run: WatchedRun) => boolean,
): ReadonlyArray<WatchedRun> => {
  const calm = runs.filter(isCalm)
  if (calm.length >= Math.min(count, 2)) return calm
  return runs.toSorted((a, b) => disturbance(a) - disturbance(b)).slice(0, count)
}

interface TimingOptions {
  readonly runs: number
  readonly shortMs?: number
  readonly probe: SpeedProbe
}

/**
 * Alone on a lane that is calm: once to warm up, then until `runs` of them were undisturbed, more where runs
 * are short. A lane that has become slow is left for one that is calm, or waited for.
 */
export const timePlan = (
  device: Device,
  placed: PlacedPlan,
  { runs, shortMs = 3, probe }: TimingOptions,
): Effect.Effect<PlanTiming, DeviceError> =>
  Effect.gen(function* () {
    const isCalm = ({ change, waited, probeMs }: WatchedRun) =>
      waited <= mostWaited && change <= steadiness && probe.isCalm(probeMs)
    let lane = yield* probe.calmLane
    const first = yield* runPlaced(device, placed, lane)
    const count = Math.max(runs, Math.min(15, Math.ceil((runs * shortMs) / first.runMs)))
    const all: Array<WatchedRun> = []
    let before = yield* probe.on(lane)
    const most = () => (probe.isPatient ? tries : 1) * count
    while (all.filter(isCalm).length < count && all.length < most()) {
      const startMs = waitedMs()
      const completion = yield* runPlaced(device, placed, lane)
      const waited = (waitedMs() - startMs) / completion.runMs
      const after = yield* probe.on(lane)
      const change = Math.max(before, after) / Math.min(before, after)
      all.push({ completion, waited, probeMs: (before + after) / 2, change })
      before = after
      if (probe.isCalm(after)) continue
      const calmer = yield* probe.calmLane
      // Its core's caches hold nothing of the plan.
      if (calmer !== lane) yield* runPlaced(device, placed, calmer)
      lane = calmer
      before = yield* probe.on(lane)
    }
    const kept = leastDisturbed(all, count, isCalm)
    const done = kept.map(({ completion }) => completion)
    return {
      runMs: median(done.map(({ runMs }) => runMs)),
      opMs: placed.plan.ops.map((_, op) =>
        median(done.map(({ ops }) => ops[op]!.endMs - ops[op]!.startMs)),
      ),
      runs: done.map(({ runMs }) => runMs),
      probeMs: median(kept.map(({ probeMs }) => probeMs)),
    }
  })
