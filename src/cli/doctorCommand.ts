// `gnnsched doctor`: what this machine offers, and whether every operator computes here what the
// reference computes.
import { availableParallelism, totalmem } from "node:os"
import { Effect, Result } from "effect"
import { Command, Flag } from "effect/cli"
import type { OpenDevice } from "../device/Device.ts"
import { openCpuDevice } from "../device/native/cpuDevice.ts"
import { openCudaDevice } from "../device/native/cudaDevice.ts"
import { openReferenceDevice } from "../device/reference/referenceDevice.ts"
import type { DeviceUnavailable } from "../model/errors.ts"
import { devicePrecisions } from "../model/precision.ts"
import type { DeviceInfo } from "../model/RunReport.ts"
import { addonOption } from "./addonOption.ts"
import { CommandEnd } from "./CommandEnd.ts"
import { describeError, errorToJson } from "./describeError.ts"
import { checkPrecision } from "./doctor/checkPrecision.ts"
import { checkMemory, copyBytes, type MemoryCheck, measureCopy } from "./doctor/deviceFacts.ts"
import { type GpuReport, gpuReport, gpuText } from "./doctor/gpuReport.ts"
import { opCasesFor } from "./doctor/opCases.ts"
import { RandomData } from "./doctor/RandomData.ts"
import { type CheckResult, casesBytes, selfCheck, selfCheckTolerance } from "./doctor/selfCheck.ts"
import { exitCodes } from "./exitCodes.ts"
import { formatFlag, precisionFlag, wholeFlag } from "./flags.ts"
import { gpuFlag } from "./gpuFlags.ts"
import { left, mark, print, printJson, renderTable, right } from "./terminal.ts"
import { formatBytes, formatBytesExactly } from "./units.ts"
import { version } from "./version.ts"

const deviceKinds = ["cpu", "cuda", "reference"] as const
type Kind = (typeof deviceKinds)[number]

const config = {
  device: Flag.Literals("device", ["all", ...deviceKinds]).pipe(
    Flag.withDescription("The device to look at; default: all"),
    Flag.withDefault("all"),
  ),
  precision: precisionFlag,
  seed: wholeFlag("seed", 0, 2 ** 31 - 1).pipe(
    Flag.withDescription("Seed of the shapes and data of the self-check; default: 1"),
    Flag.withDefault(1),
  ),
  gpu: gpuFlag,
  format: formatFlag,
} as const

type DoctorConfig = Command.Command.Config.Infer<typeof config>

interface Examined {
  readonly kind: Kind
  readonly info: DeviceInfo
  readonly checks: ReadonlyArray<CheckResult>
  /** Of the devices that are checked. */
  readonly copyBytesPerSecond: number | null
  readonly memory: MemoryCheck | null
  /** Of a GPU. */
  readonly gpu: GpuReport | null
}

type Finding = Examined | { readonly kind: Kind; readonly unavailable: DeviceUnavailable }

const openerOf = (kind: Kind, gpu: number): OpenDevice => {
  if (kind === "reference") return openReferenceDevice
  return kind === "cpu"
    ? (options) => openCpuDevice({ ...options, ...addonOption() })
    : (options) => openCudaDevice({ ...options, gpu, ...addonOption() })
}

/** The device as it would open by default: its budget and lanes on this machine. */
const defaultInfo = (open: OpenDevice) =>
  Effect.scoped(Effect.map(open({ lanes: null, memoryBytes: null }), (device) => device.info))

const check = Effect.fnUntraced(function* (kind: Kind, open: OpenDevice, seed: number) {
  const cases = opCasesFor(kind, new RandomData(seed))
  const options = { lanes: 1, memoryBytes: 2 * casesBytes(cases) + copyBytes + 2 ** 20 }
  const device = yield* open(options)
  const reference = yield* openReferenceDevice(options)
  const checks = yield* selfCheck(device, reference, cases)
  return { checks, copyBytesPerSecond: yield* measureCopy(device) }
}, Effect.scoped)

/** Whole networks: as large a pool as the task asks for, and some more. */
const memoryCheck = (device: Kind, gpu: number) =>
  Effect.promise(() => checkMemory({ device, gpu, memoryBytes: 2 ** 26, ...addonOption() }))

const precisionChecks = (device: Kind, { gpu, precision }: DoctorConfig) =>
  precision === "fp32" || !devicePrecisions[device].includes(precision)
    ? Effect.succeed([])
    : Effect.promise(() => checkPrecision({ device, gpu, precision, ...addonOption() }))

const examine = Effect.fnUntraced(function* (kind: Kind, flags: DoctorConfig) {
  const { gpu, seed } = flags
  const open = openerOf(kind, gpu)
  const info = yield* Effect.result(defaultInfo(open))
  if (Result.isFailure(info)) return { kind, unavailable: info.failure } satisfies Finding
  // The reference is what the others are held against: there is nothing to hold it against.
  if (kind === "reference") {
    const nothing = { checks: [], copyBytesPerSecond: null, memory: null, gpu: null }
    return { kind, info: info.success, ...nothing } satisfies Finding
  }
  const checked = yield* check(kind, open, seed)
  const checks = [...checked.checks, ...(yield* precisionChecks(kind, flags))]
  const memory = yield* memoryCheck(kind, gpu)
  const report = gpuReport(info.success)
  return { kind, info: info.success, ...checked, checks, memory, gpu: report } satisfies Finding
})

const isExact = ({ memory }: Examined): boolean =>
  memory === null || memory.predictedBytes === memory.measuredBytes

/** A machine without a GPU is well; one that was asked about its GPU and has none is not. */
const isHealthy = (finding: Finding, asked: boolean): boolean =>
  "checks" in finding
    ? finding.checks.every(({ passed }) => passed) && isExact(finding)
    : finding.kind === "cuda" && !asked

const machine = () => ({
  gnnsched: version,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cores: availableParallelism(),
  memoryBytes: totalmem(),
})

const machineText = (): string => {
  const { gnnsched, node, platform, cores, memoryBytes } = machine()
  return `gnnsched ${gnnsched}, Node ${node}, ${platform}, ${cores} cores, ${formatBytes(memoryBytes)}`
}

const checkTable = (checks: ReadonlyArray<CheckResult>): string =>
  renderTable(
    [left("operator"), right("cases"), right("max error"), left("")],
    checks.map(({ title, cases, maxError, passed }) => [
      title,
      String(cases),
      maxError.toExponential(1),
      passed ? mark("green", "ok") : mark("red", "WRONG"),
    ]),
  )

const memoryText = (finding: Examined): string => {
  const { copyBytesPerSecond, memory } = finding
  const speed = `copies ${formatBytes(copyBytesPerSecond!)}/s from the host`
  const { measuredBytes, predictedBytes } = memory!
  return isExact(finding)
    ? `${speed}; a network took the ${formatBytesExactly(predictedBytes)} that were predicted`
    : `${speed}; ${mark("red", "WRONG")}: a network took ${formatBytesExactly(measuredBytes)}, ` +
        `${formatBytesExactly(predictedBytes)} were predicted`
}

const findingText = (finding: Finding): string => {
  if ("unavailable" in finding) {
    const { what } = describeError(finding.unavailable)
    return `${mark("bold", finding.kind)}: ${mark("red", "not available")}: ${what}`
  }
  const { info, checks } = finding
  return (
    `${mark("bold", finding.kind)}: ${info.name}, ${info.isa}, ` +
    `${info.lanes} ${info.lanes === 1 ? "lane" : "lanes"}, ` +
    `budget ${formatBytes(info.budgetBytes)}, overhead ${formatBytes(info.overheadBytes)}\n` +
    (finding.kind === "reference"
      ? "the oracle of the self-check above"
      : `${checkTable(checks)}\n${memoryText(finding)}`) +
    (finding.gpu === null ? "" : `\n${gpuText(finding.gpu)}`)
  )
}

const findingJson = (finding: Finding): object =>
  "unavailable" in finding
    ? { kind: finding.kind, available: false, reason: errorToJson(finding.unavailable) }
    : {
        available: true,
        ...finding.info,
        tolerance: selfCheckTolerance,
        checks: finding.checks,
        copyBytesPerSecond: finding.copyBytesPerSecond,
        memory: finding.memory,
        gpu: finding.gpu,
      }

const doctor = Effect.fnUntraced(function* (flags: DoctorConfig) {
  const kinds = flags.device === "all" ? deviceKinds : [flags.device]
  const findings: Array<Finding> = []
  for (const kind of kinds) findings.push(yield* examine(kind, flags))
  const healthy = findings.every((finding) => isHealthy(finding, flags.device !== "all"))
  if (flags.format === "json") {
    yield* printJson({ healthy, ...machine(), devices: findings.map(findingJson) })
  } else {
    const verdict = healthy
      ? mark("green", `all well: every operator's error is at most ${selfCheckTolerance}`)
      : mark("red", "something is wrong here, see above")
    yield* print([machineText(), ...findings.map(findingText), verdict].join("\n\n"))
  }
  if (!healthy) return yield* new CommandEnd({ exitCode: exitCodes.taskFailed })
})

export const doctorCommand = Command.make("doctor", config, doctor).pipe(
  Command.withDescription(
    "Show the devices of this machine and check every operator against the float64 reference on " +
      "random odd shapes. Exit status 1 when a device is wrong, or missing and asked for by name.",
  ),
  Command.withShortDescription("Check the devices of this machine"),
  Command.withExamples([
    { command: "gnnsched doctor", description: "All devices" },
    {
      command: "gnnsched doctor --device cpu --seed 42 --format json",
      description: "One device, other shapes, for a program",
    },
  ]),
)
