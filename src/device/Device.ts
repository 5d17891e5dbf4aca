// The only door to hardware. A device owns one pool of `budgetBytes`; the ledger hands out ranges
// of it, the device checks them again, copies residents in, and runs plans on lanes.
import type { Effect, Exit, Scope } from "effect"
import type { DeviceError, DeviceUnavailable } from "../model/errors.ts"
import type { Plan } from "../model/Plan.ts"
import type { DeviceInfo, DeviceStats } from "../model/RunReport.ts"
import type { OpTiming } from "../model/Task.ts"
import type { StopSignal } from "./StopSignal.ts"

/** A range of the pool that was handed out; the id is chosen by the caller, unique while it lives. */
export interface Grant {
  readonly id: number
  readonly offset: number
  /** Multiple of the device's alignment. */
  readonly bytes: number
  /** The task whose arena this is, for fault plans; absent for a resident object. */
  readonly taskId?: string
}

export interface SubmitRequest {
  readonly lane: number
  readonly plan: Plan
  readonly arena: Grant
  /** One grant per slot of the plan on the device, in order; each was uploaded. */
  readonly residents: ReadonlyArray<Grant>
  /** One array per slot in host memory, in order, of the slot's bytes; shared memory. None left out. */
  readonly host?: ReadonlyArray<Uint8Array>
  /** Receives the result, `plan.output.rows * cols` floats; backed by a SharedArrayBuffer. */
  readonly output: Float32Array
  readonly priority: number
  /** Names the task in errors and fault plans. */
  readonly taskId: string
  /** The operators before it have run in this arena, which was not used since. Default 0. */
  readonly firstOp?: number
  /** Asked: the plan stops at its next operator boundary, and the submission completes, `cancelled`. */
  readonly stop?: StopSignal
}

export interface Completion {
  readonly lane: number
  /** Of this submission, relative to the moment the lane took the plan. */
  readonly ops: ReadonlyArray<OpTiming>
  readonly runMs: number
  /**
   * Residents read + the arena's high-water mark, both by the device's own count, the operators before
   * `firstOp` included.
   */
  readonly measuredPeakBytes: number
  /** Ops that finished, those before `firstOp` included; fewer than the plan's when cancelled. */
  readonly opsDone: number
  readonly cancelled: boolean
}

/** How far the plan on a lane has come. */
export interface LaneProgress {
  /** Those before `firstOp` included. */
  readonly opsDone: number
  /** Since the last of them ended, or the lane took the plan. */
  readonly sinceMs: number
}

export interface Device {
  readonly info: DeviceInfo
  /** Registers a range, at once; refuses one that leaves the pool or overlaps another. */
  readonly grant: (grant: Grant) => Exit.Exit<void, DeviceError>
  /** Gives a range back, at once; refuses while a plan that uses it runs. */
  readonly revoke: (id: number) => Exit.Exit<void, DeviceError>
  /** Copies `data` (shared memory) to the start of the grant, off the calling thread. */
  readonly upload: (id: number, data: Uint8Array) => Effect.Effect<void, DeviceError>
  /**
   * Runs a plan on a lane. Interruption asks the lane to stop at the next operator boundary and
   * waits until it has.
   */
  readonly submit: (request: SubmitRequest) => Effect.Effect<Completion, DeviceError>
  readonly stats: Effect.Effect<DeviceStats>
  /**
   * From the moment of `submit`; null where the lane has nothing, or what it has does not tell. Left out
   * where the device cannot say.
   */
  readonly progress?: (lane: number) => LaneProgress | null
  /** It computes nothing: `output` of a submission has no elements, a task's result no rows. */
  readonly noOutput?: true
}

export interface DeviceOptions {
  /** Lanes to open; null takes the device's default (one per core for the cpu device). */
  readonly lanes: number | null
  /** Bytes of the pool; null takes the device's stated share. */
  readonly memoryBytes: number | null
}

/** Opens a device for the life of the scope; closing waits for running plans to stop. */
export type OpenDevice = (
  options: DeviceOptions,
) => Effect.Effect<Device, DeviceUnavailable, Scope.Scope>
