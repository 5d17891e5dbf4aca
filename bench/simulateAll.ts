// One workload under many schedulers, simulated: what the comparisons of this folder share.
import { Effect } from "effect"
import { silentProgress } from "../src/cli/progress.ts"
import { runSweep } from "../src/cli/simulate/runSweep.ts"
import type { SweepPoint, SweepRow } from "../src/cli/simulate/SweepPoint.ts"
import { readWorkload } from "../src/cli/workload/readWorkload.ts"
import { machines } from "../src/cost/MachineProfile.ts"
import type { PolicyName, SchedulingMode } from "../src/model/Snapshot.ts"

export const modes: ReadonlyArray<SchedulingMode> = ["groups", "continuous"]

export const pointsOf = (
  policies: ReadonlyArray<PolicyName>,
  loads: ReadonlyArray<number | null> = [null],
  inModes = modes,
): ReadonlyArray<SweepPoint> =>
  policies.flatMap((policy) =>
    inModes.flatMap((mode) =>
      loads.map((load) => ({ policy, mode, load, lanes: null, seed: null })),
    ),
  )

/** One row per point; `file` may name other files anywhere. */
export const simulateAll = (
  file: string,
  points: ReadonlyArray<SweepPoint>,
  profile: keyof typeof machines,
): Promise<ReadonlyArray<SweepRow>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const workload = yield* readWorkload(file, { allowOutside: true })
      const options = {
        machine: machines[profile],
        tenants: workload.tenants,
        historyTasks: workload.tasks.length,
        seed: 0,
      }
      return yield* runSweep(workload, options, points, silentProgress)
    }),
  )
