// The profile file that `calibrate` writes: a machine with its fitted times, versioned JSON. Reading
// checks every number, so that a broken file is refused where it is read, not where it is used.
import * as Result from "effect/Result"
import { BadConfig } from "../../model/errors.ts"
import type { HostProfile } from "../../model/HostProfile.ts"
import type { InterferenceModel } from "../../model/Interference.ts"
import type { OpKind } from "../../model/Op.ts"
import type { DeviceProfile } from "../DeviceProfile.ts"
import type { FittedTimes } from "../FittedTimes.ts"
import type { MachineProfile } from "../MachineProfile.ts"
import { featureNames } from "../opFeatures.ts"

/** Goes up when a count of `opFeatures` changes its meaning: old coefficients are then worthless. */
export const profileVersion = 1
const format = "gnnsched-profile"
/** Of files of before it was fitted. */
const onceSoftness = 4

export interface ProfileFile {
  readonly format: string
  readonly version: number
  /** When it was measured, ISO 8601; for people. */
  readonly measuredAt: string
  readonly machine: MachineProfile
}

export const profileText = (machine: MachineProfile, measuredAt: string): string => {
  const file: ProfileFile = { format, version: profileVersion, measuredAt, machine }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Walks plain data; the first thing that is wrong is thrown and becomes the failure. */
class Reader {
  readonly #file: string
  constructor(file: string) {
    this.#file = file
  }

  wrong(path: string, expected: string, found: unknown): BadConfig {
    const text = found === undefined ? "nothing" : (JSON.stringify(found) ?? String(found))
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
    return new BadConfig({ file: this.#file, path, expected, found: shown })
  }

  record(value: unknown, path: string): Readonly<Record<string, unknown>> {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>
    }
    throw this.wrong(path, "an object", value)
  }

  /** Finite, at least 0; above 0 where it divides. */
  number(value: unknown, path: string, positive = true): number {
    if (typeof value === "number" && Number.isFinite(value) && (positive ? value > 0 : value >= 0))
      return value
    throw this.wrong(path, positive ? "a number above 0" : "a number of at least 0", value)
  }

  whole(value: unknown, path: string): number {
    const number = this.number(value, path)
    if (Number.isSafeInteger(number)) return number
    throw this.wrong(path, "a whole number above 0", value)
  }

  text(value: unknown, path: string): string {
    if (typeof value === "string" && value !== "") return value
    throw this.wrong(path, "a string", value)
  }
}

const readFitted = (read: Reader, value: unknown, path: string): FittedTimes => {
  const fitted = read.record(value, path)
  const caches = read.record(fitted.caches, `${path}.caches`)
  const byKind = read.record(fitted.nanoseconds, `${path}.nanoseconds`)
  const nanoseconds: Partial<Record<OpKind, ReadonlyArray<number>>> = {}
  for (const [kind, numbers] of Object.entries(byKind)) {
    const place = `${path}.nanoseconds.${kind}`
    if (!Object.hasOwn(featureNames, kind)) {
      throw read.wrong(place, `one of ${Object.keys(featureNames).join(", ")}`, kind)
    }
    const { length } = featureNames[kind as OpKind]
    if (!Array.isArray(numbers) || numbers.length !== length) {
      throw read.wrong(place, `a list of ${length} numbers`, numbers)
    }
    nanoseconds[kind as OpKind] = numbers.map((ns, i) => read.number(ns, `${place}[${i}]`, false))
  }
  return {
    caches: {
      nearBytes: read.number(caches.nearBytes, `${path}.caches.nearBytes`),
      sharedBytes: read.number(caches.sharedBytes, `${path}.caches.sharedBytes`),
      softness: read.number(caches.softness ?? onceSoftness, `${path}.caches.softness`),
    },
    nanoseconds,
  }
}

const readInterference = (read: Reader, value: unknown, path: string): InterferenceModel => {
  const model = read.record(value, path)
  if (model.kind === "shares") return { kind: "shares" }
  if (model.kind !== "fitted") {
    throw read.wrong(`${path}.kind`, "shares or fitted", model.kind)
  }
  return {
    kind: "fitted",
    memory: read.number(model.memory, `${path}.memory`, false),
    core: read.number(model.core, `${path}.core`, false),
  }
}

const laneNumbers = [
  "flopsPerSecond",
  "bytesPerSecond",
  "gatherBytesPerSecond",
  "opOverheadMs",
] as const
const optionalLaneNumbers = [
  "p95Factor",
  "probeMs",
  "totalBytesPerSecond",
  "laneShare",
  "hostBytesPerSecond",
] as const

const readLane = (read: Reader, value: unknown, path: string): DeviceProfile => {
  const lane = read.record(value, path)
  const required = laneNumbers.map(
    (key) => [key, read.number(lane[key], `${path}.${key}`)] as const,
  )
  const optional = optionalLaneNumbers
    .filter((key) => lane[key] !== undefined)
    .map((key) => [key, read.number(lane[key], `${path}.${key}`)] as const)
  const { dispatchMs, fitted, interference } = lane
  return {
    name: read.text(lane.name, `${path}.name`),
    ...(lane.kernels === "cuda" ? { kernels: "cuda" as const } : {}),
    ...(Object.fromEntries(required) as Record<(typeof laneNumbers)[number], number>),
    ...Object.fromEntries(optional),
    ...(dispatchMs === undefined
      ? {}
      : { dispatchMs: read.number(dispatchMs, `${path}.dispatchMs`, false) }),
    ...(fitted === undefined ? {} : { fitted: readFitted(read, fitted, `${path}.fitted`) }),
    ...(interference === undefined
      ? {}
      : { interference: readInterference(read, interference, `${path}.interference`) }),
  }
}

const readHost = (read: Reader, value: unknown, path: string): HostProfile => {
  const host = read.record(value, path)
  const ms = (key: "warmUpMs" | "takeInMs" | "planOpMs" | "orderMs" | "uploadMs" | "makeMs") =>
    read.number(host[key], `${path}.${key}`, false)
  return {
    cores: read.whole(host.cores, `${path}.cores`),
    warmUpMs: ms("warmUpMs"),
    takeInMs: ms("takeInMs"),
    planOpMs: ms("planOpMs"),
    orderMs: ms("orderMs"),
    uploadMs: ms("uploadMs"),
    makeMs: ms("makeMs"),
    helpers: read.number(host.helpers, `${path}.helpers`),
  }
}

/** `value` is the parsed JSON; `file` is named in errors. */
export const readProfile = (
  value: unknown,
  file: string,
): Result.Result<MachineProfile, BadConfig> => {
  const read = new Reader(file)
  try {
    const root = read.record(value, "")
    if (root.format !== format) throw read.wrong("format", JSON.stringify(format), root.format)
    if (root.version !== profileVersion) {
      const expected = `${profileVersion}: run gnnsched calibrate again`
      throw read.wrong("version", expected, root.version)
    }
    const machine = read.record(root.machine, "machine")
    const { host } = machine
    return Result.succeed({
      lane: readLane(read, machine.lane, "machine.lane"),
      lanes: read.whole(machine.lanes, "machine.lanes"),
      budgetBytes: read.whole(machine.budgetBytes, "machine.budgetBytes"),
      alignBytes: read.whole(machine.alignBytes, "machine.alignBytes"),
      bytesPerSecond: read.number(machine.bytesPerSecond, "machine.bytesPerSecond"),
      hostBytesPerSecond: read.number(machine.hostBytesPerSecond, "machine.hostBytesPerSecond"),
      taskOverheadMs: read.number(machine.taskOverheadMs ?? 0, "machine.taskOverheadMs", false),
      ...(host === undefined ? {} : { host: readHost(read, host, "machine.host") }),
    })
  } catch (thrown) {
    if (thrown instanceof BadConfig) return Result.fail(thrown)
    throw thrown
  }
}
