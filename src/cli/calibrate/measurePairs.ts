// Runs two placed plans side by side, each over and over on its own lane, and compares with alone.
import { Effect } from "effect"
import type { MeasuredPair } from "../../cost/calibration/fitInterference.ts"
import type { Device } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { noDemand } from "../../model/Plan.ts"
import { waitedMs } from "./disturbance.ts"
import { median, type PlacedPlan, runPlaced } from "./measurePlan.ts"
import type { SpeedProbe } from "./SpeedProbe.ts"
import { mostWaited, timePlan } from "./timePlan.ts"

export interface PairResult extends MeasuredPair {
  readonly name: string
  readonly beside: string
  readonly aloneMs: number
  readonly besideMs: number
  /** How many times slower the lanes were meanwhile than in calm moments. */
  readonly besidePace: number
}

interface Loop {
  readonly placed: PlacedPlan
  readonly lane: number
}

/** Runs beside each other that are begun for each that is wanted. */
const tries = 3

interface BesideRun {
  readonly runMs: number
  /** Milliseconds for which threads of this process waited for a core meanwhile. */
  readonly waitedMs: number
}

/** Median of the runs that others disturbed least, at least the half of them. */
const besideMs = (runs: ReadonlyArray<BesideRun>): number => {
  const calm = runs.filter((run) => run.waitedMs <= mostWaited * run.runMs)
  const least = runs.toSorted((a, b) => a.waitedMs / a.runMs - b.waitedMs / b.runMs)
  const kept = 2 * calm.length >= runs.length ? calm : least.slice(0, Math.ceil(runs.length / 2))
  return median(kept.map(({ runMs }) => runMs))
}

/**
 * Median run time of both while both run: each goes on until the other has its runs, and what it did
 * after that does not count.
 */
const runBeside = (
  device: Device,
  loops: readonly [Loop, Loop],
  runs: number,
): Effect.Effect<readonly [number, number], DeviceError> =>
  Effect.gen(function* () {
    const done: readonly [Array<BesideRun>, Array<BesideRun>] = [[], []]
    const calm = (of: ReadonlyArray<BesideRun>) =>
      of.filter((run) => run.waitedMs <= mostWaited * run.runMs).length
    const isEnough = (of: ReadonlyArray<BesideRun>) => calm(of) > runs || of.length > tries * runs
    const enough = () => isEnough(done[0]) && isEnough(done[1])
    const keepOn = (which: 0 | 1) =>
      Effect.gen(function* () {
        const { placed, lane } = loops[which]
        while (!enough()) {
          const before = waitedMs()
          const { runMs } = yield* runPlaced(device, placed, lane)
          done[which].push({ runMs, waitedMs: waitedMs() - before })
        }
      })
    yield* Effect.all([keepOn(0), keepOn(1)], { concurrency: "unbounded" })
    // The first of each began alone.
    return [besideMs(done[0].slice(1)), besideMs(done[1].slice(1))] as const
  })

/** Times that a pair runs beside each other, where the lanes were slow. */
const rounds = 3

interface BesideRound {
  readonly ms: readonly [number, number]
  /** Of the slower lane, the mean before and after. */
  readonly probeMs: number
}

/** Of the rounds the first in which both lanes were calm, else the calmest. */
const runBesideCalmly = (
  device: Device,
  loops: readonly [Loop, Loop],
  { probe, runs }: PairOptions,
): Effect.Effect<BesideRound, DeviceError> =>
  Effect.gen(function* () {
    let best: BesideRound | null = null
    for (let round = 0; round < rounds; round++) {
      const before = yield* probe.calmLanes
      const ms = yield* runBeside(device, loops, runs)
      const probeMs = (before + (yield* probe.slowest)) / 2
      if (best === null || probeMs < best.probeMs) best = { ms, probeMs }
      if (probe.isCalm(best.probeMs) || !probe.isPatient) break
    }
    return best!
  })

export interface PairOptions {
  readonly runs: number
  readonly probe: SpeedProbe
}

/** Both directions of a pair. Alone is measured on both sides of it: speed drifts. */
export const measurePair = (
  device: Device,
  a: PlacedPlan,
  b: PlacedPlan,
  options: PairOptions,
): Effect.Effect<ReadonlyArray<PairResult>, DeviceError> =>
  Effect.gen(function* () {
    const { probe } = options
    const before = [yield* timePlan(device, a, options), yield* timePlan(device, b, options)]
    const loops = [
      { placed: a, lane: 0 },
      { placed: b, lane: 1 },
    ] as const
    const beside = yield* runBesideCalmly(device, loops, options)
    const after = [yield* timePlan(device, a, options), yield* timePlan(device, b, options)]
    return ([0, 1] as const).map((which) => {
      const [own, other] = which === 0 ? [a, b] : [b, a]
      const aloneMs = median([...before[which]!.runs, ...after[which]!.runs])
      return {
        name: own.name,
        beside: other.name,
        own: own.plan.demand ?? noDemand,
        other: other.plan.demand ?? noDemand,
        aloneMs,
        besideMs: beside.ms[which],
        besidePace: probe.paceOf(beside.probeMs),
        slowdown: Math.max(1, beside.ms[which] / aloneMs),
      }
    })
  })
