// The only file that touches the native addon: where it lies, its functions, and what to do when it
// is not there. Names and order are those of native/addon.cc (a test compares them).
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { Result } from "effect"
import { DeviceUnavailable } from "../../model/errors.ts"
import type { GpuCounts, GpuFacts } from "../../model/RunReport.ts"

/** Why the device did not take something, with its numbers. */
export interface NativeRefusal {
  readonly place: string
  readonly reason: string
}

export type Isa = "baseline" | "avx2" | "avx512"

/** One GPU as CUDA lists it. */
export interface Gpu {
  readonly name: string
  /** "9.0" */
  readonly computeCapability: string
  readonly memoryBytes: number
  /** The newest CUDA that the driver runs. */
  readonly driver: string
  /** Why its multiprocessors cannot be shared out; null where they can. */
  readonly noSmShares: string | null
}

export interface Gpus {
  readonly devices: ReadonlyArray<Gpu>
  /** Of the GPU that was asked for; null where there is none of that number. */
  readonly freeBytes: number | null
  /** Why there is none. */
  readonly reason: string | null
}

/** What a device is opened with; `gpu` null is the CPU. */
export interface OpenSettings {
  readonly lanes: number
  readonly budgetBytes: number
  readonly isa: Isa | null
  readonly gpu: number | null
  readonly paint: boolean
  /** Of the CPU's pool, from its start: touched before the first run, in a thread of its own. */
  readonly warmBytes: number
  readonly opTimings: boolean
  /** Of a GPU: the work between two moments at which a plan can stop; 0 takes what a copy moves. */
  readonly sliceBytes: number
  /** Of a GPU's multiprocessors, for urgent plans alone; 0 shares nothing out. */
  readonly smShare: number
}

/** The codes of Failure in native/engine.h. */
export const failures = { none: 0, refused: 1, op: 2, device: 3 } as const

export interface Machine {
  readonly name: string
  /** What this CPU runs, the fastest first. */
  readonly isas: ReadonlyArray<Isa>
  readonly cores: number
  /** RAM, or the control group's limit where that is less. */
  readonly memoryBytes: number
}

/**
 * The end of an upload (`values` null) or of a plan: [opsDone, cancelled, runMs, measuredPeakBytes,
 * then start and end of each finished op in ms, if they were asked for]. `failure` is one of `failures`;
 * `place` and `reason` are set unless it is `none`: refused after it had been taken (indices out of
 * range), an operator that failed, a device that is gone.
 */
export type OnEvent = (
  ticket: number,
  values: Float64Array | null,
  failure: number,
  place: string | null,
  reason: string | null,
) => void

/** Handles, tickets and ids are integers; every size is in bytes. */
export interface Addon {
  readonly detect: () => Machine
  readonly gpus: (gpu: number) => Gpus
  readonly open: (settings: OpenSettings, onEvent: OnEvent) => number | NativeRefusal
  readonly close: (handle: number) => void
  readonly info: (handle: number) => {
    /** An instruction set, or "cuda" and the compute capability. */
    readonly isa: string
    readonly lanes: number
    readonly budgetBytes: number
    readonly overheadBytes: number
    readonly alignBytes: number
    readonly gpu: GpuFacts | null
  }
  readonly grant: (
    handle: number,
    id: number,
    offset: number,
    bytes: number,
  ) => NativeRefusal | null
  readonly revoke: (handle: number, id: number) => NativeRefusal | null
  readonly upload: (
    handle: number,
    ticket: number,
    id: number,
    data: Uint8Array,
  ) => NativeRefusal | null
  readonly submit: (
    handle: number,
    ticket: number,
    lane: number,
    priority: number,
    words: Float64Array,
    arena: number,
    /** A grant for each slot, or that it is the next of `host`. */
    residents: Float64Array,
    output: Float32Array,
    host: ReadonlyArray<Uint8Array>,
    firstOp: number,
  ) => NativeRefusal | null
  readonly cancel: (handle: number, ticket: number) => void
  /** Operators done and milliseconds since the last of them; null: nothing runs, or it is not told. */
  readonly progress: (handle: number, lane: number) => Float64Array | null
  readonly stats: (handle: number) => {
    readonly usedBytes: number
    readonly peakBytes: number
    readonly grants: number
    readonly gpu: GpuCounts | null
  }
}

export const addonFunctions: ReadonlyArray<keyof Addon> = [
  "detect",
  "gpus",
  "open",
  "close",
  "info",
  "grant",
  "revoke",
  "upload",
  "submit",
  "cancel",
  "progress",
  "stats",
]

/** The same from src/ and from dist/: both lie three folders below the package's root. */
const builtAddon = fileURLToPath(new URL("../../../build/Release/gnnsched.node", import.meta.url))

/** Loads the addon; null takes the one built in the package's own folder. */
export const loadAddon = (path: string | null): Result.Result<Addon, DeviceUnavailable> => {
  const file = path ?? builtAddon
  return Result.try({
    try: (): Addon => createRequire(import.meta.url)(file),
    catch: (cause) =>
      new DeviceUnavailable({
        device: "cpu",
        reason:
          `the native addon ${file} cannot be loaded: ` +
          `${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}. Build it ` +
          "with `npm run install` in a checkout, or `npm rebuild gnnsched` where it is installed",
      }),
  })
}
