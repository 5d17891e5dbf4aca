// Simulates a workload once for each point of a sweep. A task's chance is the same in all of them,
// so that what differs is the scheduling.
import { Effect } from "effect"
import type { RunReport } from "../../model/RunReport.ts"
import type { SimulationOptions } from "../../runtime/simulation.ts"
import type { GnnschedError } from "../describeError.ts"
import { type Progress, silentProgress } from "../progress.ts"
import { figuresOf } from "../report/RunFigures.ts"
import type { Workload } from "../workload/Workload.ts"
import type { SweepPoint, SweepRow } from "./SweepPoint.ts"
import { simulateWorkload } from "./simulateWorkload.ts"
import { curvesOf, type SweepCurves } from "./sweepCurves.ts"

const atLoad = (workload: Workload, load: number): Workload =>
  load === 1
    ? workload
    : {
        ...workload,
        tasks: workload.tasks.map(({ after, atMs, ...task }) => ({
          ...task,
          atMs: atMs / load,
          ...(after === undefined ? {} : { after: { ...after, thinkMs: after.thinkMs / load } }),
        })),
      }

const rowOf = (report: RunReport, load: number, seed: number): SweepRow => ({
  policy: report.policy,
  mode: report.mode,
  load,
  lanes: report.device.lanes,
  seed,
  ...figuresOf(report),
})

/** What the point leaves open is as in `options`; every task is one run, as published policies have it. */
const optionsAt = (options: SimulationOptions, point: SweepPoint): SimulationOptions => ({
  ...options,
  opTimings: false,
  shareWork: false,
  ...(point.policy === null ? {} : { policy: point.policy }),
  ...(point.mode === null ? {} : { mode: point.mode }),
  ...(point.lanes === null ? {} : { lanes: point.lanes }),
  ...(point.seed === null ? {} : { seed: point.seed }),
})

/** What came of one point: its figures, and its curves for a picture. */
export interface SweepOutcome {
  readonly row: SweepRow
  readonly curves: SweepCurves
}

export const sweepOutcomes = (
  workload: Workload,
  options: SimulationOptions,
  points: ReadonlyArray<SweepPoint>,
  progress: Progress,
): Effect.Effect<ReadonlyArray<SweepOutcome>, GnnschedError> =>
  Effect.forEach(points, (point, index) =>
    Effect.gen(function* () {
      const load = point.load ?? 1
      const at = optionsAt(options, point)
      const report = yield* simulateWorkload(atLoad(workload, load), at, silentProgress)
      progress.phase(`${index + 1} of ${points.length} simulated`)
      return { row: rowOf(report, load, at.seed ?? 0), curves: curvesOf(report) }
    }),
  )

export const runSweep = (
  ...sweep: Parameters<typeof sweepOutcomes>
): Effect.Effect<ReadonlyArray<SweepRow>, GnnschedError> =>
  Effect.map(sweepOutcomes(...sweep), (outcomes) => outcomes.map(({ row }) => row))
