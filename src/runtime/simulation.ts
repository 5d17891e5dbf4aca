// The runtime on a simulated device: the same actors, policies, ledger and reports, with time and
// memory from the planner. It is to be opened in virtual time.
import { Effect, type Scope } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import { slowdown } from "../cost/interference.ts"
import type { MachineProfile } from "../cost/MachineProfile.ts"
import type { Device } from "../device/Device.ts"
import { faultDevice } from "../device/faultDevice.ts"
import { openSimDevice, type SimDevice } from "../device/sim/simDevice.ts"
import { dispatchedBy, makeSimHost } from "../device/sim/simHost.ts"
import { BadConfig, type DeviceUnavailable } from "../model/errors.ts"
import { FaultBook } from "../model/FaultBook.ts"
import type { HostWork } from "../model/HostWork.ts"
import type { Snapshot } from "../model/Snapshot.ts"
import { faultPrep } from "../prep/faultPrep.ts"
import { makeShapePrep } from "../prep/shapePrep.ts"
import { type GnnSchedService, serveGnnSched } from "./GnnSched.ts"
import { type OptionsError, resolveOptions } from "./options.ts"
import type { RuntimeOptions } from "./RuntimeApi.ts"

export interface SimulationOptions
  extends Pick<
    RuntimeOptions,
    | "policy"
    | "mode"
    | "preempt"
    | "elastic"
    | "tenants"
    | "lanes"
    | "memoryBytes"
    | "maxQueuedTasks"
    | "maxQueuedBytes"
    | "faults"
    | "allowUnsafe"
    | "lateTasks"
    | "admit"
    | "historyTasks"
    | "prepThreads"
    | "precision"
  > {
  readonly machine: MachineProfile
  /** Default false: whoever compares schedulers wants each task to be one. */
  readonly shareWork?: boolean
  /** Of chance in run times. Default 0. */
  readonly seed?: number
  /** Standard deviation of the logarithm of a task's run time. Default 0.05. */
  readonly jitter?: number
  /** Keep a time for each operator. Default true; with a million tasks they are most of the memory. */
  readonly opTimings?: boolean
  /** Takes all the same whom admission would refuse for its deadline: for replays of what might have been. */
  readonly takesLate?: boolean
  /** Stands around the policy, and around its rule of preemption: for whoever measures decisions. */
  readonly around?: <A>(decide: (snapshot: Snapshot, nowMs: number) => A) => typeof decide
}

export const defaultJitter = 0.05

const checkJitter = (jitter: number): Effect.Effect<number, BadConfig> =>
  jitter >= 0 && jitter <= 1
    ? Effect.succeed(jitter)
    : Effect.fail(
        new BadConfig({
          file: "simulation options",
          path: "jitter",
          expected: "a number from 0 to 1",
          found: String(jitter),
        }),
      )

/** One lane of the machine, with what it shares with the others. */
const laneOf = ({ bytesPerSecond, hostBytesPerSecond, lane }: MachineProfile): DeviceProfile => ({
  totalBytesPerSecond: bytesPerSecond,
  hostBytesPerSecond,
  ...lane,
})

/** The device with what its host does, where the machine says what that costs. */
const withHost = (
  device: SimDevice,
  { host: profile, lane: { dispatchMs = 0 } }: MachineProfile,
  prepThreads: number,
): { readonly device: Device; readonly hostWork: HostWork | null } => {
  if (profile === undefined) return { device, hostWork: null }
  const hostWork = makeSimHost(device.occupy, { profile, dispatchMs, prepThreads })
  return { device: dispatchedBy(device, hostWork), hostWork }
}

export const openSimulation = (
  options: SimulationOptions,
): Effect.Effect<GnnSchedService, OptionsError | DeviceUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const {
      machine,
      seed = 0,
      jitter = defaultJitter,
      opTimings = true,
      shareWork = false,
      takesLate = false,
      around = (decide) => decide,
      ...common
    } = options
    const { kernels } = machine.lane
    const resolved = yield* resolveOptions({ ...common, device: kernels ?? "cpu", shareWork })
    const settings = { ...resolved.settings, chance: { seed, jitter } }
    const profile = { ...laneOf(machine), precision: settings.precision }
    const simulated = yield* openSimDevice({
      name: machine.lane.name,
      lanes: resolved.lanes ?? machine.lanes,
      memoryBytes: resolved.memoryBytes ?? machine.budgetBytes,
      alignBytes: machine.alignBytes,
      slowdown: (demands) => slowdown(demands, profile.interference),
      taskOverheadMs: machine.taskOverheadMs ?? 0,
      hostBytesPerSecond: machine.hostBytesPerSecond,
      seed,
      jitter: yield* checkJitter(jitter),
      opTimings,
    })
    const { faults } = resolved
    const { device, hostWork } = withHost(simulated, machine, resolved.prepThreads)
    const shapes = makeShapePrep(hostWork)
    return yield* serveGnnSched({
      ...resolved,
      settings,
      takesLate,
      policy: around(resolved.policy),
      preempt: resolved.preempt === null ? null : around(resolved.preempt),
      profile,
      hostWork,
      device: faults === null ? device : faultDevice(device, new FaultBook(faults)),
      prep: faults === null ? shapes : faultPrep(shapes, new FaultBook(faults)),
    })
  })
