// Options of the embedded runtime: defaults filled in, every number checked.
import { Effect } from "effect"
import type { AdmitMode } from "../actors/Admission.ts"
import { type DeviceProfile, deviceProfiles, referenceProfile } from "../cost/DeviceProfile.ts"
import { BadConfig, type BadFile, type FileUnreadable } from "../model/errors.ts"
import type { FaultPlan } from "../model/FaultPlan.ts"
import { limits } from "../model/limits.ts"
import { devicePrecisions } from "../model/precision.ts"
import type { RunReport, TenantInfo } from "../model/RunReport.ts"
import { admitModes, lateModes, type RunSettings } from "../model/RunSettings.ts"
import { type Policy, type Preempt, policyNames, type SchedulingMode } from "../model/Snapshot.ts"
import { keepPromises } from "../policy/keepPromises.ts"
import { ownPolicy } from "../policy/ownPolicy.ts"
import { policies } from "../policy/policies.ts"
import { preempts } from "../policy/preempt.ts"
import type { RuntimeOptions } from "./RuntimeApi.ts"
import { readProfileFile } from "./readProfileFile.ts"

/** An option, or the profile file that one names. */
export type OptionsError = BadConfig | BadFile | FileUnreadable

export interface ResolvedOptions {
  readonly deviceKind: "cpu" | "cuda" | "reference"
  readonly gpu: number
  readonly smShare: number
  readonly memoryBytes: number | null
  readonly lanes: number | null
  readonly warmUp: boolean
  readonly policyName: RunReport["policy"]
  readonly policy: Policy
  readonly preempt: Preempt | null
  /** Promises are kept turn by turn: some are given a later turn than by their deadline. */
  readonly takesTurns: boolean
  readonly mode: SchedulingMode
  readonly tenants: ReadonlyArray<TenantInfo>
  readonly prepThreads: number
  readonly prepTimeoutMs: number
  readonly maxQueuedTasks: number
  readonly maxQueuedBytes: number
  readonly historyTasks: number
  readonly faults: FaultPlan | null
  readonly refuseTooLarge: boolean
  readonly elastic: boolean
  readonly expireLate: boolean
  readonly admit: AdmitMode
  readonly shareWork: boolean
  readonly settings: RunSettings
  readonly profile: DeviceProfile
  readonly addonPath: string | null
}

export const resolveOptions = (
  options: RuntimeOptions,
): Effect.Effect<ResolvedOptions, OptionsError> =>
  Effect.gen(function* () {
    const problem = check(options) ?? checkPrecision(options)
    if (problem !== null) return yield* problem
    const { policy = "slo" } = options
    const policyName = typeof policy === "function" ? "own" : policy
    const deviceKind = options.device ?? "cpu"
    const settings = settingsOf(options)
    return {
      deviceKind,
      gpu: options.gpu ?? 0,
      smShare: options.smShare ?? 0,
      memoryBytes: options.memoryBytes ?? null,
      lanes: options.lanes ?? null,
      warmUp: options.warmUp ?? true,
      policyName,
      policy: policyOf(options),
      preempt: preemptOf(options),
      takesTurns: takesTurnsOf(options),
      mode: options.mode ?? "continuous",
      tenants: options.tenants ?? [],
      prepThreads: options.prepThreads ?? 1,
      prepTimeoutMs: options.prepTimeoutMs ?? limits.prepTimeoutMs,
      maxQueuedTasks: options.maxQueuedTasks ?? limits.maxQueuedTasks,
      maxQueuedBytes: options.maxQueuedBytes ?? limits.maxQueuedBytes,
      historyTasks: options.historyTasks ?? limits.historyTasks,
      faults: options.faults ?? null,
      refuseTooLarge: policyName !== "unsafe",
      elastic: settings.elastic,
      expireLate: expiresLate(options),
      admit: settings.admit,
      shareWork: settings.shareWork,
      settings,
      profile: {
        ...(yield* profileOf(options.profile, deviceKind)),
        precision: settings.precision,
      },
      addonPath: options.addonPath ?? null,
    }
  })

const settingsOf = (options: RuntimeOptions): RunSettings => ({
  precision: options.precision ?? "fp32",
  admit: options.admit ?? "all",
  lateTasks: options.lateTasks ?? "run",
  shareWork: options.shareWork ?? options.faults === undefined,
  preempt: options.preempt ?? true,
  elastic: options.elastic ?? true,
  chance: null,
})

/** Where late tasks are ended, a deadline is firm: `slo` then goes by them first. */
const policyOf = (options: RuntimeOptions): Policy => {
  const { policy = "slo" } = options
  if (typeof policy === "function") return ownPolicy(policy)
  return policy === "slo" && expiresLate(options) ? keepPromises(policies.slo) : policies[policy]
}

/** `keepPromises` alone goes by turns, and where groups are formed it has no say. */
const takesTurnsOf = ({ mode, policy = "slo", ...options }: RuntimeOptions): boolean =>
  policy === "slo" && mode !== "groups" && expiresLate(options)

// A promise that is lost must not cost the others theirs.
const expiresLate = ({ admit, lateTasks }: RuntimeOptions): boolean =>
  lateTasks === "expire" || admit === "deadline"

/** In groups mode nothing joins what runs, so nothing is stopped for it. */
const preemptOf = ({ mode, policy = "slo", preempt = true }: RuntimeOptions): Preempt | null =>
  preempt && mode !== "groups" && typeof policy !== "function" ? (preempts[policy] ?? null) : null

/** A fitted profile speaks of the device it was fitted on: the reference is another. */
const profileOf = (
  given: RuntimeOptions["profile"],
  deviceKind: ResolvedOptions["deviceKind"],
): Effect.Effect<DeviceProfile, OptionsError> => {
  if (deviceKind === "reference") return Effect.succeed(referenceProfile)
  if (given === undefined) return Effect.succeed(deviceProfiles[deviceKind])
  return typeof given === "string"
    ? Effect.map(readProfileFile(given), ({ lane }) => lane)
    : Effect.succeed(given)
}

const bad = (path: string, expected: string, found: unknown): BadConfig =>
  new BadConfig({ file: "runtime options", path, expected, found: String(found) })

const checkPrecision = ({
  device = "cpu",
  precision = "fp32",
}: RuntimeOptions): BadConfig | null => {
  const known = devicePrecisions[device]
  return known.includes(precision)
    ? null
    : bad("precision", `one of ${known.join(", ")} on the ${device} device`, precision)
}

const check = (options: RuntimeOptions): BadConfig | null => {
  const oneOf: ReadonlyArray<readonly [string, unknown, ReadonlyArray<string>]> = [
    ["device", options.device, ["cpu", "cuda", "reference"]],
    ["policy", typeof options.policy === "function" ? undefined : options.policy, policyNames],
    ["mode", options.mode, ["groups", "continuous"]],
    ["lateTasks", options.lateTasks, lateModes],
    ["admit", options.admit, admitModes],
  ]
  for (const [path, value, allowed] of oneOf) {
    if (value !== undefined && !allowed.includes(value as string)) {
      return bad(path, `one of ${allowed.join(", ")}`, value)
    }
  }
  for (const { id, quota = {} } of options.tenants ?? []) {
    for (const [what, value] of Object.entries(quota)) {
      if (!(value > 0)) return bad(`tenants.${id}.quota.${what}`, "a number above 0", value)
    }
  }
  const ranges: ReadonlyArray<readonly [string, number | undefined, number, number]> = [
    ["memoryBytes", options.memoryBytes, limits.minBudgetBytes, Number.MAX_SAFE_INTEGER],
    ["lanes", options.lanes, 1, limits.maxLanes],
    ["gpu", options.gpu, 0, limits.maxGpus - 1],
    ["prepThreads", options.prepThreads, 1, limits.maxPrepThreads],
    ["prepTimeoutMs", options.prepTimeoutMs, 1, 2 ** 31 - 1],
    ["maxQueuedTasks", options.maxQueuedTasks, 1, limits.maxQueuedTasks],
    ["maxQueuedBytes", options.maxQueuedBytes, 1, limits.maxQueuedBytes],
    ["historyTasks", options.historyTasks, 1, limits.maxHistoryTasks],
    ["tenants.length", options.tenants?.length, 0, limits.maxTenants],
  ]
  for (const [path, value, low, high] of ranges) {
    if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high)) {
      return bad(path, `an integer from ${low} to ${high}`, value)
    }
  }
  const { smShare = 0 } = options
  if (!(smShare >= 0 && smShare < 1)) return bad("smShare", "a number from 0 to below 1", smShare)
  if (options.policy === "unsafe" && options.allowUnsafe !== true) {
    return bad(
      "policy",
      "allowUnsafe: true beside it: unsafe runs out of memory by design",
      "unsafe",
    )
  }
  return null
}
