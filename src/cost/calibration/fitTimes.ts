// From measured operators to the coefficients of a profile: one robust non-negative fit for each
// kind, and the sizes of the caches that explain the measurements best.
import type { GraphShape } from "../../model/Graph.ts"
import type { Op, OpKind } from "../../model/Op.ts"
import type { FittedTimes } from "../FittedTimes.ts"
import { type CacheSizes, fittedTime, opFeatures } from "../opFeatures.ts"
import { nonNegativeFit } from "./nonNegativeFit.ts"

export interface MeasuredRun {
  readonly name: string
  readonly shape: GraphShape
  readonly ops: ReadonlyArray<Op>
  /** Of each operator, alone. */
  readonly opMs: ReadonlyArray<number>
  readonly runMs: number
  /** How many times slower a small fixed run was beside it than undisturbed; 1 for undisturbed. */
  readonly pace: number
}

const MiB = 2 ** 20
const nearSizes = [0.5 * MiB, MiB, 2 * MiB]
/** Up to the largest there are: of a cache that others use as well, a part. */
const sharedSizes = [8, 16, 24, 32, 64, 128, 256].map((size) => size * MiB)
/** From misses that begin early and never become all, to a cache that is for one program alone. */
const softnesses = [1, 2, 4]

/**
 * How much longer a run takes at a pace: the small run waits for nothing but its core, others for memory,
 * which others slow less. Of the powers 0, 0.6, 0.7, 0.8 and 1 the one with the least error over 276 timings
 * of fitted cases in slow moments (Xeon, 2 cores, 2026-11).
 */
export const slowedBy = (pace: number): number => pace ** 0.7

/** Slow runs count less: how much they were slowed is known to a tenth. */
const slowWeight = 0.5

/** The least that a clock resolves; an operator of nothing takes no time. */
const leastMs = 1e-5

const fitWith = (runs: ReadonlyArray<MeasuredRun>, caches: CacheSizes): FittedTimes => {
  const samples = new Map<
    OpKind,
    Array<{ features: ReadonlyArray<number>; value: number; weight: number }>
  >()
  for (const { ops, opMs, pace, runMs, shape } of runs) {
    const trust = pace > 1 ? slowWeight : 1
    ops.forEach((op, i) => {
      const ms = Math.max(leastMs, opMs[i]!)
      const ofKind = samples.get(op.kind) ?? []
      samples.set(op.kind, ofKind)
      // An operator counts by its part of the run: it is the run that is to be predicted.
      const features = opFeatures(op, shape, caches)
      const weight = trust * Math.sqrt(ms / Math.max(ms, runMs))
      ofKind.push({ features, value: (ms * 1e6) / slowedBy(pace), weight })
    })
  }
  return {
    caches,
    nanoseconds: Object.fromEntries([...samples].map(([kind, of]) => [kind, nonNegativeFit(of)])),
  }
}

/** Predicted time of a run by the coefficients; kinds without any count nothing. */
export const predictRunMs = (
  { ops, shape }: Pick<MeasuredRun, "ops" | "shape">,
  { caches, nanoseconds }: FittedTimes,
): number =>
  ops.reduce((ms, op) => {
    const of = nanoseconds[op.kind]
    return of === undefined ? ms : ms + fittedTime(op.kind, opFeatures(op, shape, caches), of).ms
  }, 0)

/** Measured over predicted, of each run at its pace. */
export const residualRatios = (
  runs: ReadonlyArray<MeasuredRun>,
  fitted: FittedTimes,
): ReadonlyArray<number> =>
  runs.map((run) => run.runMs / (predictRunMs(run, fitted) * slowedBy(run.pace)))

/** Sum of the runs' absolute errors of the logarithm, each cut at a factor of 1.5. */
const lossOf = (runs: ReadonlyArray<MeasuredRun>, fitted: FittedTimes): number =>
  residualRatios(runs, fitted).reduce(
    (sum, ratio) => sum + Math.min(Math.abs(Math.log(ratio)), Math.log(1.5)),
    0,
  )

export const fitTimes = (runs: ReadonlyArray<MeasuredRun>): FittedTimes => {
  let best: { readonly fitted: FittedTimes; readonly loss: number } | null = null
  for (const nearBytes of nearSizes) {
    for (const sharedBytes of sharedSizes) {
      for (const softness of softnesses) {
        const fitted = fitWith(runs, { nearBytes, sharedBytes, softness })
        const loss = lossOf(runs, fitted)
        if (best === null || loss < best.loss) best = { fitted, loss }
      }
    }
  }
  return best!.fitted
}

/** All coefficients times `factor`. */
export const scaleTimes = ({ caches, nanoseconds }: FittedTimes, factor: number): FittedTimes => ({
  caches,
  nanoseconds: Object.fromEntries(
    Object.entries(nanoseconds).map(([kind, of]) => [kind, of.map((ns) => ns * factor)]),
  ),
})
