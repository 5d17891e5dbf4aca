// Is the simulation true? One workload, made from a seed, is run for real on the cpu device and
// simulated with a profile fitted here, under several policies: mean response time and makespan side
// by side, and whether the policies rank alike. One command, JSON out. The policies take turns, in
// another order each round; runs that other programs disturbed do not count where there are others. What
// others on a shared host make of the machine is one factor for all policies (`paceOf`), and said.
//   node bench/simulation-agreement.ts [--out FILE] [--profile FILE] [--repeats N] [--tasks N]
import { mkdirSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { dirname } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import type { PolicyName } from "../src/model/Snapshot.ts"
import {
  besideSimulation,
  type Device,
  machineProfile,
  paceOf,
  type Ranking,
  rankingOf,
  runsInTurn,
  type SideBySide,
  withoutTasks,
} from "./sideBySide.ts"
import { slower } from "./slowerMachine.ts"
import { makeMixed } from "./workloads/makeMixed.ts"

const seed = 21
const policies: ReadonlyArray<PolicyName> = ["base", "lmcf", "bmc", "sjf", "slo", "sequential"]
const memoryBytes = 96 * 2 ** 20
const lanes = 2
/** Wanted of mean response and makespan. */
const tolerance = 0.15

export interface AgreementSize {
  readonly tasks: number
  readonly repeats: number
  readonly policies?: ReadonlyArray<PolicyName>
}

export interface Agreement {
  /** The machine's speed is that of the moment: it is slower than calibrated by `pace`. */
  readonly rows: ReadonlyArray<SideBySide>
  readonly pace: number
  /** Errors against the simulation of the machine as it was calibrated. */
  readonly asCalibrated: ReadonlyArray<
    Pick<SideBySide, "policy" | "responseError" | "makespanError">
  >
  readonly ranking: Ranking
}

export const agreement = (size: AgreementSize, machine: Device["machine"]) =>
  Effect.gen(function* () {
    const workload = makeMixed(seed, size.tasks)
    const device = { machine, memoryBytes, lanes }
    const schedulers = (size.policies ?? policies).map(
      (policy) => ({ policy, mode: "continuous" }) as const,
    )
    const runs = yield* runsInTurn(workload, schedulers, device, size.repeats)
    const calibrated = yield* besideSimulation(workload, schedulers, runs, device)
    const pace = paceOf(calibrated)
    const asItWas = { ...device, machine: slower(machine, pace) }
    const rows = yield* besideSimulation(workload, schedulers, runs, asItWas)
    const asCalibrated = calibrated.map(({ makespanError, policy, responseError }) => ({
      policy,
      responseError,
      makespanError,
    }))
    return { rows, pace, asCalibrated, ranking: rankingOf(rows) } satisfies Agreement
  })

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const line = ({ policy, real, runs, simulated: guess, ...row }: SideBySide): string => {
  const pair = (of: keyof typeof real) => `${real[of]!.toFixed(0)} ms, ${guess[of]!.toFixed(0)}`
  const within = [row.responseError, row.makespanError].every((e) => Math.abs(e) <= tolerance)
  return (
    `${policy}: response ${pair("meanResponseMs")} simulated, ${percent(row.responseError)}; ` +
    `makespan ${pair("makespanMs")}, ${percent(row.makespanError)}; run ${percent(row.runError)}; ` +
    `others took ${runs.map(({ others }) => percent(others)).join(", ")}` +
    (within ? "" : `: beyond ${percent(tolerance)}`)
  )
}

const main = async (): Promise<void> => {
  const { values: flags } = parseArgs({
    options: {
      out: { type: "string" },
      profile: { type: "string" },
      repeats: { type: "string", default: "10" },
      tasks: { type: "string", default: "120" },
    },
  })
  const size = { tasks: Number(flags.tasks), repeats: Number(flags.repeats) }
  const profile = await Effect.runPromise(machineProfile(flags.profile, lanes))
  const result = await Effect.runPromise(agreement(size, profile))
  const unpaced = result.asCalibrated.map(({ responseError }) => percent(responseError))
  console.log(
    `runs took ${result.pace.toFixed(2)} times what the calibration says, and so they do in the ` +
      `simulation; without that, responses are off by ${unpaced.join(", ")}`,
  )
  for (const row of result.rows) console.log(line(row))
  const { real, simulated: guess, swapped, tied } = result.ranking
  console.log(`real order ${real.join(" ")}\nsimulated  ${guess.join(" ")}`)
  console.log(`swapped: ${JSON.stringify(swapped)}; tied: ${JSON.stringify(tied)}`)
  if (flags.out === undefined) return
  mkdirSync(dirname(flags.out), { recursive: true })
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() }
  const command = ["node", "bench/simulation-agreement.ts", ...process.argv.slice(2)].join(" ")
  const { dispatchMs, interference } = profile.lane
  const fitted = { host: profile.host, dispatchMs, interference }
  const report = { machine, command, date: new Date().toISOString(), seed, fitted, ...result }
  writeFileSync(flags.out, `${JSON.stringify(report, withoutTasks, 2)}\n`)
}

if (import.meta.main) await main()
