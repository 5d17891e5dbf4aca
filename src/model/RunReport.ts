// Everything one run leaves behind, as plain data: the source of report.json, trace.json, the HTML
// report and the tables. Times are milliseconds since the runtime was opened.
import type { RunSettings } from "./RunSettings.ts"
import type { Decision, PolicyName, SchedulingMode } from "./Snapshot.ts"
import type { TaskRecord } from "./Task.ts"

export type DeviceKind = "cpu" | "cuda" | "reference" | "sim"

export interface DeviceInfo {
  readonly kind: DeviceKind
  readonly name: string
  /** Instruction set the kernels were dispatched to ("avx512", "avx2", "baseline", …). */
  readonly isa: string
  readonly lanes: number
  readonly budgetBytes: number
  /** What the device itself costs beside the pool (context, code, stacks), measured at open. */
  readonly overheadBytes: number
  readonly alignBytes: number
  /** Null where the device is none. */
  readonly gpu?: GpuFacts | null
}

/** What a GPU says of itself once it is open. */
export interface GpuFacts {
  /** As CUDA numbers them. */
  readonly index: number
  /** Read and written by a copy within the pool. */
  readonly copyBytesPerSecond: number
  /** Work between two moments at which a plan can stop, in bytes that such a copy moves. */
  readonly sliceBytes: number
  /** Multiprocessors of urgent and of ordinary tasks; 0 where they are not shared out. */
  readonly urgentSms: number
  readonly ordinarySms: number
  /** Why they are not, though that was asked for. */
  readonly notShared: string | null
}

/** What a GPU has done since it was opened. */
export interface GpuCounts {
  /** Launches between which a plan could stop. */
  readonly pieces: number
  /** CUDA graphs: made anew, and given other addresses. */
  readonly graphsMade: number
  readonly graphsUpdated: number
}

export interface DeviceStats {
  /** Bytes granted now and at most, by the device's own count. */
  readonly usedBytes: number
  readonly peakBytes: number
  readonly grants: number
  /** Null where the device is no GPU. */
  readonly gpu?: GpuCounts | null
}

/** One change of what the pool holds. */
export interface MemoryEvent {
  readonly atMs: number
  readonly kind: "arena" | "resident"
  /** The task's id, or the resident's key. */
  readonly label: string
  readonly change: "grant" | "release"
  readonly offset: number
  readonly bytes: number
  readonly usedBytesAfter: number
}

export interface DecisionRecord extends Decision {
  readonly atMs: number
  readonly number: number
  readonly waiting: number
  readonly running: number
  readonly freeBytes: number
  readonly decideMs: number
}

/** It left everything as it was. The log keeps it only where another task is held back, or why. */
export const isIdle = ({ preempt, start }: Pick<Decision, "preempt" | "start">): boolean =>
  start.length === 0 && (preempt === undefined || preempt.length === 0)

/** What a tenant may have at once; none of a kind is no bound. */
export interface TenantQuota {
  /** Tasks that have not ended. */
  readonly tasks?: number
  /** Sum of what these tasks need on an empty device. */
  readonly bytes?: number
  /** Device time taken in, as a share of the time that passes: 0.5 is half a lane. */
  readonly deviceShare?: number
}

export interface TenantInfo {
  readonly id: string
  readonly weight: number
  readonly quota?: TenantQuota
}

export interface RunReport {
  readonly device: DeviceInfo & { readonly peakBytes: number }
  /** "own": a function of the application. */
  readonly policy: PolicyName | "own"
  readonly mode: SchedulingMode
  readonly settings: RunSettings
  readonly tenants: ReadonlyArray<TenantInfo>
  readonly tasks: ReadonlyArray<TaskRecord>
  readonly decisions: ReadonlyArray<DecisionRecord>
  readonly memory: ReadonlyArray<MemoryEvent>
  /** Entries dropped from `decisions` and `memory` beyond their limits. */
  readonly dropped: number
}
