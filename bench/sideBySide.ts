// One workload for real on the cpu device of this machine and simulated by a profile of it, under the
// same schedulers: what the benches share that ask whether the simulation is true.
import { availableParallelism } from "node:os"
import { Effect } from "effect"
import { calibrateDevice } from "../src/cli/calibrate/calibrateDevice.ts"
import { countOthers } from "../src/cli/calibrate/disturbance.ts"
import { median } from "../src/cli/calibrate/measurePlan.ts"
import { SpeedProbe } from "../src/cli/calibrate/SpeedProbe.ts"
import { loadWorkload } from "../src/cli/loadWorkload.ts"
import { silentProgress } from "../src/cli/progress.ts"
import { loaderOf, runLoaded } from "../src/cli/runWorkload.ts"
import { simulateWorkload } from "../src/cli/simulate/simulateWorkload.ts"
import type { Workload } from "../src/cli/workload/Workload.ts"
import type { MachineProfile } from "../src/cost/MachineProfile.ts"
import { openCpuDevice } from "../src/device/native/cpuDevice.ts"
import type { RunReport } from "../src/model/RunReport.ts"
import type { PolicyName, SchedulingMode } from "../src/model/Snapshot.ts"
import { Runtime } from "../src/runtime/Runtime.ts"
import { readProfileFile } from "../src/runtime/readProfileFile.ts"
import { type TestRandom, testRandom } from "../test/support/random.ts"

export interface Scheduler {
  readonly policy: PolicyName
  readonly mode: SchedulingMode
  /** Whether tasks that ask for the same run once; false unless said. */
  readonly shareWork?: boolean
}

/** The default, as it is used. */
export const sharing: Scheduler = { policy: "slo", mode: "continuous", shareWork: true }

export interface Figures {
  readonly meanResponseMs: number
  readonly makespanMs: number
  readonly meanRunMs: number
  /** Of the tasks with a target those that met it; null where none has one. */
  readonly qosMetRatio: number | null
}

/** One run for real. */
export interface RealRun extends Figures {
  /** Of each task with a target its response over the target. */
  readonly overTargets: ReadonlyArray<number>
  /** Share of the machine's cores that other programs took meanwhile. */
  readonly others: number
}

export interface Device {
  readonly machine: MachineProfile
  readonly memoryBytes: number
  readonly lanes: number
}

const mean = (numbers: ReadonlyArray<number>): number =>
  numbers.reduce((sum, n) => sum + n, 0) / numbers.length

/** For JSON: what is kept of each task stays out of it. */
export const withoutTasks = (key: string, value: unknown): unknown =>
  key === "overTargets" ? undefined : value

const metRatio = (overTargets: ReadonlyArray<number>): number | null =>
  overTargets.length === 0
    ? null
    : overTargets.filter((over) => over <= 1).length / overTargets.length

const figuresOf = ({ tasks }: RunReport): Omit<RealRun, "others"> => {
  const failed = tasks.find(({ status }) => status !== "completed")
  if (failed !== undefined) throw new Error(`${failed.id} ended ${failed.status}`)
  const responses = tasks.map((task) => task.finishedAtMs! - task.submittedAtMs)
  const overTargets = tasks.flatMap(({ deadlineMs }, i) =>
    deadlineMs === null ? [] : [responses[i]! / deadlineMs],
  )
  const first = Math.min(...tasks.map(({ submittedAtMs }) => submittedAtMs))
  return {
    meanResponseMs: mean(responses),
    makespanMs: Math.max(...tasks.map(({ finishedAtMs }) => finishedAtMs!)) - first,
    meanRunMs: mean(tasks.map((task) => task.finishedAtMs! - task.startedAtMs!)),
    qosMetRatio: metRatio(overTargets),
    overTargets,
  }
}

/** A runtime of its own: what an earlier run left on the device would help it. */
const runReal = (
  workload: Workload,
  scheduler: Scheduler,
  { lanes, machine, memoryBytes }: Device,
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const options = { shareWork: false, ...scheduler, memoryBytes, lanes, profile: machine.lane }
      const runtime = yield* Effect.acquireRelease(
        Effect.promise(() => Runtime.open(options)),
        (open) => Effect.promise(() => open.close()),
      )
      const loaded = yield* loadWorkload(loaderOf(runtime), workload, silentProgress)
      const [othersMs, startMs] = [countOthers(), performance.now()]
      const report = yield* runLoaded(runtime, loaded, null, silentProgress)
      const coreMs = (performance.now() - startMs) * availableParallelism()
      return { ...figuresOf(report), others: othersMs() / coreMs } satisfies RealRun
    }),
  )

/** In each round another order: the host is slow for seconds at a time, and nobody's turn is always the same. */
const orderSeed = 5

const shuffled = (count: number, random: TestRandom): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => ({ i, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ i }) => i)

/** Of each scheduler its runs, one in each of `repeats` rounds. */
export const runsInTurn = (
  workload: Workload,
  schedulers: ReadonlyArray<Scheduler>,
  device: Device,
  repeats: number,
) =>
  Effect.gen(function* () {
    const runs = schedulers.map((): Array<RealRun> => [])
    const random = testRandom(orderSeed)
    for (let round = 0; round < repeats; round++) {
      for (const i of shuffled(schedulers.length, random)) {
        runs[i]!.push(yield* runReal(workload, schedulers[i]!, device))
      }
    }
    return runs
  })

export const simulated = (workload: Workload, scheduler: Scheduler, device: Device) =>
  Effect.map(
    simulateWorkload(workload, { ...scheduler, ...device, jitter: 0, seed: 0 }, silentProgress),
    figuresOf,
  )

/** Of the runs that have one; null where none has. */
const medianRatio = (ratios: ReadonlyArray<number | null>): number | null => {
  const known = ratios.filter((ratio) => ratio !== null)
  return known.length === 0 ? null : median(known)
}

const medianOf = (runs: ReadonlyArray<RealRun>): Figures => {
  const of = (figure: (run: RealRun) => number) => median(runs.map(figure))
  return {
    meanResponseMs: of((run) => run.meanResponseMs),
    makespanMs: of((run) => run.makespanMs),
    meanRunMs: of((run) => run.meanRunMs),
    qosMetRatio: medianRatio(runs.map(({ qosMetRatio }) => qosMetRatio)),
  }
}

/** A run beside which others took more than this part of the cores is one too many, if there are others. */
const calm = 0.05

/** Medians of the calm runs; where there are none, of the calmer half. */
export const calmMedian = (runs: ReadonlyArray<RealRun>): Figures => {
  const undisturbed = runs.filter(({ others }) => others <= calm)
  const calmer = runs.toSorted((a, b) => a.others - b.others)
  return medianOf(
    undisturbed.length > 0 ? undisturbed : calmer.slice(0, Math.ceil(runs.length / 2)),
  )
}

export interface SideBySide extends Scheduler {
  readonly real: Figures
  readonly simulated: Figures
  /** Every run that was measured. */
  readonly runs: ReadonlyArray<RealRun>
  /** Simulated over real, less 1. */
  readonly responseError: number
  readonly makespanError: number
  readonly runError: number
}

export const sideBySide = (
  scheduler: Scheduler,
  runs: ReadonlyArray<RealRun>,
  figures: Figures,
): SideBySide => {
  const real = calmMedian(runs)
  return {
    ...scheduler,
    real,
    simulated: figures,
    runs,
    responseError: figures.meanResponseMs / real.meanResponseMs - 1,
    makespanError: figures.makespanMs / real.makespanMs - 1,
    runError: figures.meanRunMs / real.meanRunMs - 1,
  }
}

/**
 * How many times as long runs took as a simulation says, the median of the schedulers: how much slower the
 * machine was than when it was calibrated. On a shared host that is half and more, and changes by the minute.
 */
export const paceOf = (rows: ReadonlyArray<SideBySide>): number =>
  median(rows.map(({ real, simulated: guess }) => real.meanRunMs / guess.meanRunMs))

/**
 * A real run as on a machine that is as fast as the simulated one: it is put at the pace of its own runs, and its
 * targets are met by responses at that pace. What a scheduler adds, waits and idle lanes, stays; what the host took
 * while it was its turn does not.
 */
export const atOnePace = (
  { makespanMs, meanResponseMs, meanRunMs, overTargets }: RealRun,
  guess: Figures,
): Figures => {
  const pace = meanRunMs / guess.meanRunMs
  return {
    qosMetRatio: metRatio(overTargets.map((over) => over / pace)),
    meanResponseMs: meanResponseMs / pace,
    makespanMs: makespanMs / pace,
    meanRunMs: guess.meanRunMs,
  }
}

/** The runs of each scheduler beside what a simulation on `device` says of it. */
export const besideSimulation = (
  workload: Workload,
  schedulers: ReadonlyArray<Scheduler>,
  runs: ReadonlyArray<ReadonlyArray<RealRun>>,
  device: Device,
) =>
  Effect.forEach(schedulers, (scheduler, i) =>
    Effect.map(simulated(workload, scheduler, device), (figures) =>
      sideBySide(scheduler, runs[i]!, figures),
    ),
  )

/** Half the distance between the least and the most of the runs, relative to the median. */
const spread = ({ real, runs }: SideBySide): number => {
  const means = runs.map(({ meanResponseMs }) => meanResponseMs)
  return (Math.max(...means) - Math.min(...means)) / 2 / real.meanResponseMs
}

/** Schedulers whose means are nearer than this are not told apart, whatever they spread. */
const leastGap = 0.03

export interface Ranking {
  /** By real mean response, the shortest first, and by the simulated one. */
  readonly real: ReadonlyArray<string>
  readonly simulated: ReadonlyArray<string>
  /** Pairs that the simulation ranks the other way, though they differ by more than runs spread. */
  readonly swapped: ReadonlyArray<readonly [string, string]>
  /** Pairs that it ranks the other way and that real runs do not tell apart. */
  readonly tied: ReadonlyArray<readonly [string, string]>
}

const nameOf = ({ mode, policy, shareWork }: Scheduler): string =>
  `${policy}/${mode}${shareWork ? "/shared" : ""}`

export const rankingOf = (rows: ReadonlyArray<SideBySide>): Ranking => {
  const order = (of: (row: SideBySide) => number) =>
    rows.toSorted((a, b) => of(a) - of(b)).map(nameOf)
  const swapped: Array<readonly [string, string]> = []
  const tied: Array<readonly [string, string]> = []
  for (const [i, a] of rows.entries()) {
    for (const b of rows.slice(i + 1)) {
      const real = a.real.meanResponseMs / b.real.meanResponseMs
      const guess = a.simulated.meanResponseMs / b.simulated.meanResponseMs
      if (Math.sign(real - 1) === Math.sign(guess - 1)) continue
      const noise = Math.max(leastGap, spread(a), spread(b))
      const pairs = Math.abs(Math.log(real)) > noise ? swapped : tied
      pairs.push([nameOf(a), nameOf(b)])
    }
  }
  return {
    real: order(({ real }) => real.meanResponseMs),
    simulated: order((row) => row.simulated.meanResponseMs),
    swapped,
    tied,
  }
}

/** What `file` says, or a calibration now. */
export const machineProfile = (file: string | undefined, lanes: number) =>
  file !== undefined
    ? readProfileFile(file)
    : Effect.scoped(
        Effect.gen(function* () {
          const device = yield* openCpuDevice({ lanes, memoryBytes: 2 ** 31 })
          const probe = yield* SpeedProbe.open(device)
          const options = { runs: 3, progress: silentProgress, probe }
          return (yield* calibrateDevice(device, options)).machine
        }),
      )
