// What changes what happens, of a replay: by its flags, else as recorded, else (a report of an earlier
// version) as the commands have it by default.
import { Option } from "effect"
import type { Command } from "effect/cli"
import { Flag } from "effect/cli"
import { type Precision, precisions } from "../../model/precision.ts"
import { admitModes, lateModes, type RunSettings } from "../../model/RunSettings.ts"
import { defaultJitter } from "../../runtime/simulation.ts"
import { numberFlag, wholeFlag } from "../flags.ts"
import type { RecordedRun } from "../report/reportSchema.ts"
import type { SimulationFlags } from "../simulate/simulateOn.ts"

const orRecorded = (what: string) => `${what}; default: as recorded`

export const recordedFlags = {
  admit: Flag.Literals("admit", admitModes).pipe(
    Flag.withDescription(orRecorded("Which tasks are taken: all, or those that can be promised")),
    Flag.optional,
  ),
  late: Flag.Literals("late", lateModes).pipe(
    Flag.withDescription(orRecorded("Tasks whose deadline passes while they wait: run or expire")),
    Flag.optional,
  ),
  share: Flag.Boolean("share").pipe(
    Flag.withDescription(orRecorded("Tasks that ask for the same run once, or (--no-share) each")),
    Flag.optional,
  ),
  preempt: Flag.Boolean("preempt").pipe(
    Flag.withDescription(orRecorded("Runs may be stopped for urgent tasks, or (--no-preempt) not")),
    Flag.optional,
  ),
  precision: Flag.Literals("precision", precisions).pipe(
    Flag.withDescription(orRecorded("How exact plans compute")),
    Flag.optional,
  ),
  seed: wholeFlag("seed", 0, Number.MAX_SAFE_INTEGER).pipe(
    Flag.withDescription("Seed of the chance in run times; default: as recorded, or 0"),
    Flag.optional,
  ),
  jitter: numberFlag("jitter", "a number from 0 to 1", (value) => value >= 0 && value <= 1).pipe(
    Flag.withDescription(`Spread of run times; default: as recorded, or ${defaultJitter}`),
    Flag.optional,
  ),
} as const

type RecordedFlags = Command.Command.Config.Infer<typeof recordedFlags>

type Settings = Pick<
  SimulationFlags,
  "admit" | "late" | "noShare" | "noPreempt" | "elastic" | "precision" | "seed" | "jitter"
>

const unrecorded: RunSettings = {
  precision: "fp32",
  admit: "all",
  lateTasks: "run",
  shareWork: true,
  preempt: true,
  elastic: true,
  chance: null,
}

/** `computes`: what the machine of the replay can; another than the recorded one may have less. */
export const settingsAsRecorded = (
  flags: RecordedFlags,
  { settings = unrecorded }: RecordedRun,
  computes: ReadonlyArray<Precision>,
): Settings => {
  const { chance } = settings
  return {
    admit: Option.getOrElse(flags.admit, () => settings.admit),
    late: Option.getOrElse(flags.late, () => settings.lateTasks),
    noShare: !Option.getOrElse(flags.share, () => settings.shareWork),
    noPreempt: !Option.getOrElse(flags.preempt, () => settings.preempt),
    elastic: settings.elastic,
    precision: Option.getOrElse(flags.precision, () =>
      computes.includes(settings.precision) ? settings.precision : "fp32",
    ),
    seed: Option.getOrElse(flags.seed, () => chance?.seed ?? 0),
    jitter: Option.getOrElse(flags.jitter, () => chance?.jitter ?? defaultJitter),
  }
}
