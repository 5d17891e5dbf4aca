// `gnnsched calibrate`: times operators and plans on the device itself and writes its profile.
import { writeFile } from "node:fs/promises"
import { Clock, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { profileText } from "../cost/calibration/profileFile.ts"
import { featureNames } from "../cost/opFeatures.ts"
import { openCpuDevice } from "../device/native/cpuDevice.ts"
import { FileUnwritable } from "../model/errors.ts"
import type { HostProfile } from "../model/HostProfile.ts"
import type { OpKind } from "../model/Op.ts"
import { systemReason } from "../model/systemReason.ts"
import { addonOption } from "./addonOption.ts"
import { type Calibration, calibrateDevice, type Errors } from "./calibrate/calibrateDevice.ts"
import { SpeedProbe } from "./calibrate/SpeedProbe.ts"
import { formatFlag, quietFlag, wholeFlag } from "./flags.ts"
import { makeProgress } from "./progress.ts"
import { left, mark, print, printJson, renderTable, right } from "./terminal.ts"

const config = {
  device: Flag.Literals("device", ["cpu"]).pipe(
    Flag.withDescription("The device to measure; default: cpu"),
    Flag.withDefault("cpu"),
  ),
  out: Flag.String("out").pipe(
    Flag.withAlias("o"),
    Flag.withMetavar("FILE"),
    Flag.withDescription("The profile to write; default: profile.json"),
    Flag.withDefault("profile.json"),
  ),
  runs: wholeFlag("runs", 1, 100).pipe(
    Flag.withDescription("Runs of each case; their median counts; default: 3"),
    Flag.withDefault(3),
  ),
  quiet: quietFlag,
  format: formatFlag,
} as const

const coefficientTable = ({ fitted }: Calibration): string =>
  renderTable(
    [left("operator"), left("per"), right("ns")],
    Object.entries(fitted.nanoseconds).flatMap(([kind, numbers]) =>
      featureNames[kind as OpKind].flatMap((name, i) =>
        numbers[i]! > 0 ? [[kind, name, numbers[i]!.toPrecision(3)]] : [],
      ),
    ),
  )

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const errorTable = ({ fit, heldOut, pairs }: Calibration): string => {
  const row = (name: string, errors: Errors) => [
    name,
    String(errors.count),
    ...(errors.count === 0
      ? ["-", "-", "-"]
      : [percent(errors.median), percent(errors.p90), percent(errors.max)]),
  ]
  return renderTable(
    [
      left("predicted against measured"),
      right("cases"),
      right("median"),
      right("p90"),
      right("max"),
    ],
    [
      row("alone, fitted", fit),
      row("alone, held out", heldOut),
      row("slowdown beside another, held out", pairs),
    ],
  )
}

const MiB = 2 ** 20

const hostLine = (host: HostProfile, dispatchMs: number): string => {
  const us = (ms: number) => `${(1000 * ms).toFixed(0)} µs`
  return (
    `runtime, on ${host.cores} cores with the lanes: ${us(host.takeInMs + dispatchMs)} a task · ` +
    `${us(host.uploadMs)} an upload · ${us(host.orderMs + host.makeMs)} an object made · ` +
    `${us(host.planOpMs)} an operator of a smaller plan · ${host.warmUpMs.toFixed(0)} ms to warm up · ` +
    `${host.helpers.toFixed(2)} threads`
  )
}

const text = (calibration: Calibration, file: string): string => {
  const { host, lane, hostBytesPerSecond, taskOverheadMs } = calibration.machine
  const { nearBytes, sharedBytes } = calibration.fitted.caches
  const { interference, p95Factor } = lane
  return [
    mark("bold", lane.name),
    coefficientTable(calibration),
    `caches ${nearBytes / MiB} and ${sharedBytes / MiB} MiB · upload ` +
      `${(hostBytesPerSecond / 1e9).toFixed(1)} GB/s · ${((taskOverheadMs ?? 0) * 1000).toFixed(0)} ` +
      `µs around a run · p95 is ${p95Factor?.toFixed(2)} times p50` +
      (interference?.kind === "fitted"
        ? ` · interference: memory ${interference.memory.toFixed(2)}, core ${interference.core.toFixed(2)}`
        : ""),
    ...(host === undefined ? [] : [hostLine(host, lane.dispatchMs ?? 0)]),
    errorTable(calibration),
    `Profile: ${file}`,
  ].join("\n\n")
}

const calibrate = Effect.fnUntraced(function* (flags: Command.Command.Config.Infer<typeof config>) {
  const progress = makeProgress(process.stderr, flags.quiet || flags.format === "json")
  yield* Effect.addFinalizer(() => Effect.sync(() => progress.finish()))
  const device = yield* openCpuDevice({ lanes: null, memoryBytes: null, ...addonOption() })
  const probe = yield* SpeedProbe.open(device)
  const calibration = yield* calibrateDevice(device, { runs: flags.runs, progress, probe })
  progress.finish()
  const measuredAt = new Date(yield* Clock.currentTimeMillis).toISOString()
  yield* Effect.tryPromise({
    try: () => writeFile(flags.out, profileText(calibration.machine, measuredAt)),
    catch: (cause) => new FileUnwritable({ file: flags.out, reason: systemReason(cause) }),
  })
  const { fitted: _, ...summary } = calibration
  yield* flags.format === "json"
    ? printJson({ file: flags.out, ...summary })
    : print(text(calibration, flags.out))
})

export const calibrateCommand = Command.make("calibrate", config, (flags) =>
  Effect.scoped(calibrate(flags)),
).pipe(
  Command.withDescription(
    "Run operators, plans and pairs of plans on the device, fit what each costs, and write a " +
      "profile for --profile. Takes under a minute; the machine should be idle meanwhile.",
  ),
  Command.withShortDescription("Measure the device, write its profile"),
  Command.withExamples([
    { command: "gnnsched calibrate --out profile.json", description: "This machine's cpu device" },
    {
      command: "gnnsched run examples/demo.yaml --profile profile.json",
      description: "Predictions by the profile",
    },
  ]),
)
