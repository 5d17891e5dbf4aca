// `gnnsched replay`: a recorded run as the workload of a simulation, under the same or another policy,
// on the same or another machine, beside what was recorded.
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { machineNames } from "../cost/MachineProfile.ts"
import { BadConfig } from "../model/errors.ts"
import { devicePrecisions } from "../model/precision.ts"
import { policyNames } from "../model/Snapshot.ts"
import type { GnnschedError } from "./describeError.ts"
import { type ComparedRun, comparedRun, comparisonTable } from "./replay/compareRuns.ts"
import { recordedFlags, settingsAsRecorded } from "./replay/recordedSettings.ts"
import { recordedWorkload } from "./replay/recordedWorkload.ts"
import type { NamedReport } from "./report/RunInputs.ts"
import { type RecordedReport, readReport } from "./report/readReport.ts"
import type { RecordedRun } from "./report/reportSchema.ts"
import { endOf, showReport } from "./showReport.ts"
import { type SimulationFlags, simulateOn } from "./simulate/simulateOn.ts"
import { machineOf, simulationFlags } from "./simulate/simulationFlags.ts"
import { print, printJson } from "./terminal.ts"
import { workloadFlags } from "./workloadFlags.ts"

const {
  allowOutside: _,
  noPreempt: __,
  noShare: ___,
  workload: ____,
  ...scheduling
} = workloadFlags

const config = {
  report: Argument.String("report").pipe(
    Argument.withDescription("The report.json of run or simulate, or its folder"),
  ),
  ...scheduling,
  ...simulationFlags,
  policy: Flag.Literals("policy", policyNames).pipe(
    Flag.withDescription("Who runs next, with whom; default: as recorded"),
    Flag.optional,
  ),
  mode: Flag.Literals("mode", ["groups", "continuous"]).pipe(
    Flag.withDescription("groups or continuous; default: as recorded"),
    Flag.optional,
  ),
  profile: Flag.String("profile").pipe(
    Flag.withMetavar("NAME|FILE"),
    Flag.withDescription(
      `Another machine, with its own lanes and memory: ${machineNames.join(", ")}, or a file that ` +
        "calibrate wrote; default: cpu-2, h200 for a GPU (or the one simulated), with the lanes and " +
        "memory recorded",
    ),
    Flag.optional,
  ),
  ...recordedFlags,
} as const

type ReplayConfig = Command.Command.Config.Infer<typeof config>

/** One policy of the application's own cannot be had again. */
const policyOf = ({
  file,
  run,
}: RecordedReport): Effect.Effect<SimulationFlags["policy"], BadConfig> => {
  const known = policyNames.find((name) => name === run.policy)
  if (known !== undefined) return Effect.succeed(known)
  const expected = `one of ${policyNames.join(", ")}; choose one with --policy`
  return Effect.fail(
    new BadConfig({ file, path: "policy", expected, found: JSON.stringify(run.policy) }),
  )
}

const machineNameOf = ({ device }: RecordedRun): string => {
  const simulated = machineNames.find((name) => name === device.name)
  return simulated ?? (device.kind === "cuda" ? "h200" : "cpu-2")
}

/** What the flags leave open is as it was recorded. */
const asRecorded = Effect.fnUntraced(function* (
  flags: ReplayConfig,
  report: RecordedReport,
): Effect.fn.Return<SimulationFlags, GnnschedError> {
  const { device, mode } = report.run
  const isSame = Option.isNone(flags.profile)
  const profile = Option.getOrElse(flags.profile, () => machineNameOf(report.run))
  const { lane } = yield* machineOf(profile)
  const orRecorded = (given: Option.Option<number>, recorded: number) =>
    isSame ? Option.orElseSome(given, () => recorded) : given
  return {
    ...flags,
    workload: report.file,
    allowOutside: false,
    policy: Option.isSome(flags.policy) ? flags.policy.value : yield* policyOf(report),
    mode: Option.getOrElse(flags.mode, () => mode),
    profile,
    lanes: orRecorded(flags.lanes, device.lanes),
    memory: orRecorded(flags.memory, device.budgetBytes),
    ...settingsAsRecorded(flags, report.run, devicePrecisions[lane.kernels ?? "cpu"]),
  }
})

const recordedFigures = ({ device, mode, policy, tasks }: RecordedRun): ComparedRun =>
  comparedRun({
    device,
    mode,
    policy,
    tasks: tasks.map(({ deadlineMs = null, ...task }) => ({ ...task, deadlineMs })),
  })

const replay = Effect.fnUntraced(function* (flags: ReplayConfig) {
  const report = yield* readReport(flags.report)
  const workload = yield* recordedWorkload(report)
  const recorded = recordedFigures(report.run)
  const json = flags.format === "json"
  const show = Effect.fnUntraced(function* (replayed: NamedReport, closing: string) {
    const figures = comparedRun(replayed)
    if (!json) {
      const table = comparisonTable(recorded, figures)
      return yield* showReport(replayed, "table", `${table}\n\n${closing}`)
    }
    yield* printJson({ recorded, replayed: figures })
    yield* endOf(replayed)
  })
  const options = yield* asRecorded(flags, report)
  yield* simulateOn(options, workload, show)
  if (options.sweep.length > 0 && !json) {
    const { meanResponseMs, policy } = recorded
    yield* print(
      `\nRecorded: policy ${policy}, mean response ${meanResponseMs?.toFixed(2) ?? "-"} ms.`,
    )
  }
})

export const replayCommand = Command.make("replay", config, (flags) =>
  Effect.scoped(replay(flags)),
).pipe(
  Command.withDescription(
    "Simulate a recorded run again: the same tasks at the same moments, under the same or another " +
      "policy, beside what was recorded. The report has all it needs: no graph or model is read, and " +
      "what no flag says is as it was recorded. Only the arrivals are kept of a closed loop, and no " +
      "faults.\n  " +
      "Exit status: 0 all tasks completed; 1 some task did not; 2 the input was wrong.",
  ),
  Command.withShortDescription("Simulate a recorded run again"),
  Command.withExamples([
    {
      command: "gnnsched replay out/demo --policy fair",
      description: "How the demo would have gone under another policy",
    },
    {
      command:
        "gnnsched replay out/demo --profile v100-32g --sweep policy=base,sjf,slo --out out/v100",
      description: "On another machine, under three policies",
    },
  ]),
)
