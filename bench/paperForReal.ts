// The papers' lists run for real on the cpu device of this machine, with graphs of fewer nodes and edges,
// under every policy in groups and continuous, and the same reduced lists simulated: does what is said
// of the V100 hold where the work is done, and does the simulation rank the policies alike?
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { Effect } from "effect"
import { readWorkload } from "../src/cli/workload/readWorkload.ts"
import type { PolicyName } from "../src/model/Snapshot.ts"
import { presetShape } from "../src/prep/presets/presetShape.ts"
import {
  type ComparedRow,
  type Comparison,
  compare,
  compareRounds,
  ours,
  published,
} from "./paperFigures.ts"
import {
  atOnePace,
  besideSimulation,
  type Device,
  type Figures,
  paceOf,
  type Ranking,
  type RealRun,
  rankingOf,
  runsInTurn,
  type Scheduler,
  type SideBySide,
  sharing,
} from "./sideBySide.ts"
import { modes } from "./simulateAll.ts"
import { slower } from "./slowerMachine.ts"
import { leastMeanMs } from "./workloads/leastMean.ts"
import { writeCognn } from "./workloads/makeCognn.ts"

/** A graph has at most so many edges, and features of at most so many bytes: a quarter of an hour for all lists. */
export const reducedEdges = 200_000
export const reducedFeatureBytes = 16 * 2 ** 20

/** As on 26 GiB at full size, all tasks of a list fit at once. */
export const memoryBytes = 2 ** 30
export const lanes = 2

/** Run before all others, to see how fast the host is while it is the list's turn: as many as are told apart. */
const pilots: ReadonlyArray<Scheduler> = [
  { policy: "slo", mode: "continuous" },
  { policy: "sqtf", mode: "continuous" },
  { policy: "base", mode: "continuous" },
]

export const reducedScale = (preset: string): number => {
  const { featureWidth, numEdges, numNodes } = presetShape({
    kind: "preset",
    preset,
    seed: 1,
    scale: 1,
  })
  const share = Math.min(
    1,
    reducedEdges / numEdges,
    reducedFeatureBytes / (4 * featureWidth * numNodes),
  )
  return Number(share.toPrecision(3))
}

export interface RealComparison {
  readonly list: string
  /** How many times as long runs took before the comparison as they were calibrated; targets and profile go by it. */
  readonly pace: number
  readonly real: Comparison
  /** Each run at the pace of the host while it was its turn. */
  readonly paced: Comparison
  readonly simulated: Comparison
  /** Both, with every run for real. */
  readonly sideBySide: ReadonlyArray<SideBySide>
  readonly ranking: Ranking
}

export interface RealSize {
  readonly repeats: number
  readonly policies?: ReadonlyArray<PolicyName>
}

const rowOf = ({ mode, policy }: Scheduler, figures: Figures): ComparedRow => ({
  policy,
  mode,
  meanResponseMs: figures.meanResponseMs,
  makespanMs: figures.makespanMs,
  qosMetRatio: figures.qosMetRatio,
})

const isShared = ({ shareWork = false }: Scheduler): boolean => shareWork

const schedulersOf = ({
  policies = [...published, ...ours],
}: RealSize): ReadonlyArray<Scheduler> => {
  const each = policies.flatMap((policy) => modes.map((mode): Scheduler => ({ policy, mode })))
  return [...each, sharing]
}

const runFile = (
  file: string,
  schedulers: ReadonlyArray<Scheduler>,
  machine: Device["machine"],
  { repeats }: RealSize,
) =>
  Effect.gen(function* () {
    const device = { memoryBytes, lanes, machine }
    const workload = yield* readWorkload(file, { allowOutside: true })
    const runs = yield* runsInTurn(workload, schedulers, device, repeats)
    return yield* besideSimulation(workload, schedulers, runs, device)
  })

/**
 * Targets are five times what a task takes alone, on the host as it is: a list that was calibrated when the host was
 * faster would have others.
 */
export const compareForReal = async (
  csv: string,
  hidden: number,
  calibrated: Device["machine"],
  size: RealSize,
): Promise<RealComparison> => {
  const folder = mkdtempSync(join(tmpdir(), "gnnsched-paper-"))
  try {
    const run = (schedulers: ReadonlyArray<Scheduler>, machine: Device["machine"]) => {
      const file = writeCognn(csv, folder, { hidden, machine, scaleOf: reducedScale })
      return Effect.runPromise(runFile(file, schedulers, machine, size))
    }
    const pace = paceOf(await run(pilots, calibrated))
    const machine = slower(calibrated, pace)
    const rows = await run(schedulersOf(size), machine)
    return {
      list: basename(csv, ".csv"),
      pace,
      ...comparisonsOf(csv, rows, leastMeanMs(csv, { hidden, machine, scaleOf: reducedScale })),
      sideBySide: rows,
      ranking: rankingOf(rows),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const comparisonsOf = (csv: string, rows: ReadonlyArray<SideBySide>, boundMs: number) => {
  const list = basename(csv, ".csv")
  const [[shared], alone] = [rows.filter(isShared), rows.filter((row) => !isShared(row))]
  const inRounds = (of: (run: RealRun, row: SideBySide) => Figures) => {
    const rounds = shared!.runs.map((run, round) => ({
      rows: alone.map((row) => rowOf(row, of(row.runs[round]!, row))),
      sharedMs: of(run, shared!).meanResponseMs,
    }))
    return compareRounds(list, rounds, boundMs)
  }
  return {
    real: inRounds((run) => run),
    paced: inRounds((run, row) => atOnePace(run, row.simulated)),
    simulated: compare(
      list,
      alone.map((row) => rowOf(row, row.simulated)),
      { boundMs, sharedMs: shared!.simulated.meanResponseMs },
    ),
  }
}
