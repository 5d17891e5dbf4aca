// The flags of the commands that simulate, and the machine that they name.
import { Effect } from "effect"
import { Flag } from "effect/cli"
import { machineNames, machines } from "../../cost/MachineProfile.ts"
import { readProfileFile } from "../../runtime/readProfileFile.ts"
import { defaultJitter } from "../../runtime/simulation.ts"
import { lanesFlag, memoryFlag, numberFlag, outFlag, precisionFlag, wholeFlag } from "../flags.ts"
import { byteForms } from "../units.ts"

export const simulationFlags = {
  memory: memoryFlag.pipe(
    Flag.withDescription(`The device's memory budget: ${byteForms}; default: the profile's`),
  ),
  lanes: lanesFlag.pipe(
    Flag.withDescription("Tasks that run at once; default: the profile's lanes"),
  ),
  out: outFlag.pipe(
    Flag.withDescription(
      "Write report.json, report.html and trace.json here; a sweep sweep.json and sweep.html",
    ),
    Flag.optional,
  ),
  profile: Flag.String("profile").pipe(
    Flag.withMetavar("NAME|FILE"),
    Flag.withDescription(
      `The machine: ${machineNames.join(", ")}, or a file that calibrate wrote; default: cpu-2`,
    ),
    Flag.withDefault("cpu-2"),
  ),
  precision: precisionFlag,
  seed: wholeFlag("seed", 0, Number.MAX_SAFE_INTEGER).pipe(
    Flag.withDescription("Seed of the chance in run times; default: 0"),
    Flag.withDefault(0),
  ),
  jitter: numberFlag("jitter", "a number from 0 to 1", (value) => value >= 0 && value <= 1).pipe(
    Flag.withDescription(
      `Spread of run times: standard deviation of their logarithm; default: ${defaultJitter}`,
    ),
    Flag.withDefault(defaultJitter),
  ),
  sweep: Flag.String("sweep").pipe(
    Flag.withMetavar("KEY=A,B,…"),
    Flag.withDescription(
      "Simulate each combination and compare; keys: policy, mode, load (arrivals that many times " +
        "as fast), lanes, seed. May be repeated",
    ),
    Flag.atLeast(0),
  ),
} as const

/** A built-in machine by its name, or the file. */
export const machineOf = (profile: string) => {
  const name = machineNames.find((known) => known === profile)
  return name === undefined ? readProfileFile(profile) : Effect.succeed(machines[name])
}
