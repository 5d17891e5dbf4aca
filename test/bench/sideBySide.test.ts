// What the benches say of real runs beside simulated ones: which runs count, and what a swapped rank is.
import { Effect } from "effect"
import { expect, it } from "vitest"
import {
  atOnePace,
  calmMedian,
  type Figures,
  paceOf,
  type RealRun,
  rankingOf,
  type SideBySide,
  sideBySide,
  simulated,
} from "../../bench/sideBySide.ts"
import { slower } from "../../bench/slowerMachine.ts"
import { makeMixed } from "../../bench/workloads/makeMixed.ts"
import type { Workload } from "../../src/cli/workload/Workload.ts"
import { type MachineProfile, machines } from "../../src/cost/MachineProfile.ts"
import type { HostProfile } from "../../src/model/HostProfile.ts"

const figures = (meanResponseMs: number): Figures => ({
  meanResponseMs,
  makespanMs: 4 * meanResponseMs,
  meanRunMs: 1,
  qosMetRatio: null,
})

const runOf = (meanResponseMs: number, others = 0): RealRun => ({
  ...figures(meanResponseMs),
  others,
  overTargets: [],
})

const row = (
  policy: SideBySide["policy"],
  real: ReadonlyArray<number>,
  simulated: number,
): SideBySide =>
  sideBySide(
    { policy, mode: "continuous" },
    real.map((ms) => runOf(ms)),
    figures(simulated),
  )

it.each([1, 2, 4])(
  "puts a run at its own pace, be it %d: what the scheduler adds stays",
  (pace) => {
    const run: RealRun = {
      ...{ meanResponseMs: 30 * pace, makespanMs: 50 * pace, meanRunMs: 10 * pace, others: 0 },
      ...{ qosMetRatio: null, overTargets: [0.4, 0.8, 1.2].map((over) => over * pace) },
    }
    const { makespanMs, meanResponseMs, qosMetRatio } = atOnePace(run, {
      ...figures(25),
      meanRunMs: 10,
    })
    expect(meanResponseMs).toBeCloseTo(30, 9)
    expect(makespanMs).toBeCloseTo(50, 9)
    expect(qosMetRatio).toBeCloseTo(2 / 3, 9)
  },
)

it("counts the runs that nobody disturbed, and the calmer half where everybody was", () => {
  const disturbed = [runOf(100, 0.01), runOf(110, 0.04), runOf(900, 0.6), runOf(800, 0.5)]
  expect(calmMedian(disturbed).meanResponseMs).toBe(105)
  const all = [runOf(100, 0.2), runOf(110, 0.3), runOf(900, 0.6), runOf(800, 0.5)]
  expect(calmMedian(all).meanResponseMs).toBe(105)
})

it("states errors as simulated over real", () => {
  const { makespanError, responseError } = row("base", [90, 100, 110], 85)
  expect(responseError).toBeCloseTo(-0.15, 9)
  expect(makespanError).toBeCloseTo(-0.15, 9)
})

it("a pair is swapped where runs tell it apart, and tied where they do not", () => {
  const base = row("base", [200, 204], 190)
  const near = row("sjf", [100, 101], 96)
  const { swapped, tied, real } = rankingOf([base, near, row("slo", [101, 102], 95)])
  expect(swapped).toEqual([])
  expect(tied).toEqual([["sjf/continuous", "slo/continuous"]])
  expect(real.at(-1)).toBe("base/continuous")
  const wrong = rankingOf([base, near, row("slo", [150, 151], 90)])
  expect(wrong.swapped).toEqual([["sjf/continuous", "slo/continuous"]])
  // Runs that spread by as much as they differ.
  const wide = rankingOf([near, row("slo", [80, 130], 90)])
  expect(wide).toMatchObject({ swapped: [], tied: [["sjf/continuous", "slo/continuous"]] })
})

it("the machine's pace is the median of real over simulated run times", () => {
  const paced = (pace: number): SideBySide =>
    sideBySide({ policy: "base", mode: "continuous" }, [{ ...runOf(1), meanRunMs: 3 * pace }], {
      ...figures(1),
      meanRunMs: 3,
    })
  expect(paceOf([1.2, 1.5, 1.4].map(paced))).toBeCloseTo(1.4, 9)
})

const busyHost: HostProfile = {
  cores: 2,
  warmUpMs: 5,
  takeInMs: 0.3,
  planOpMs: 0.01,
  orderMs: 0.4,
  uploadMs: 0.2,
  makeMs: 0.6,
  helpers: 1.5,
}
const cpu = machines["cpu-2"]

it.each<[string, MachineProfile]>([
  ["with fitted times", cpu],
  ["with a roofline", machines["v100-32g"]],
  ["with a host", { ...cpu, lane: { ...cpu.lane, dispatchMs: 0.3 }, host: busyHost }],
])("a slower machine simulates the same schedule, stretched, %s", async (_, machine) => {
  const workload = makeMixed(5, 8)
  const simulate = (machine: MachineProfile, tasks: Workload) =>
    Effect.runPromise(
      simulated(
        tasks,
        { policy: "base", mode: "continuous" },
        { machine, memoryBytes: 2 ** 28, lanes: 2 },
      ),
    )
  const later = workload.tasks.map((task) => ({ ...task, atMs: 1.5 * task.atMs }))
  const once = await simulate(machine, workload)
  const stretched = await simulate(slower(machine, 1.5), { ...workload, tasks: later })
  expect(stretched.makespanMs / once.makespanMs).toBeCloseTo(1.5, 3)
  expect(stretched.meanResponseMs / once.meanResponseMs).toBeCloseTo(1.5, 3)
})
