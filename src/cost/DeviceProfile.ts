// What the time formulas know of a device: its ceilings for one lane. Bytes need none of this.

import type { OpKind } from "../model/Op.ts"
import type { InterferenceModel } from "./interference.ts"
import type { CacheSizes } from "./opFeatures.ts"

/** What `calibrate` found on one device: nanoseconds of each count of `opFeatures`. */
export interface FittedTimes {
  readonly caches: CacheSizes
  /** By operator kind, in the order of `featureNames`; a kind that never ran goes by the roofline. */
  readonly nanoseconds: Readonly<Partial<Record<OpKind, ReadonlyArray<number>>>>
}

export interface DeviceProfile {
  readonly name: string
  /** Whose kernels run: those for CUDA need work lists and scratch of their own. */
  readonly kernels: "cpu" | "cuda"
  /** float32 multiply-adds count as two. */
  readonly flopsPerSecond: number
  /** Streaming reads and writes. */
  readonly bytesPerSecond: number
  /** Reads of rows in the order the edges give. */
  readonly gatherBytesPerSecond: number
  /** Fixed cost of starting one operator. */
  readonly opOverheadMs: number
  /** From host memory to the device. */
  readonly hostBytesPerSecond: number
  /** Coefficients that were fitted on the device; they go before the roofline. */
  readonly fitted?: FittedTimes
  /** 95th percentile of measured over predicted time of a run alone; 1.25 when left out. */
  readonly p95Factor?: number
  /** What all lanes together can move; that of one lane when left out. */
  readonly totalBytesPerSecond?: number
  /** Share of the device's arithmetic that one lane can take; 1 when left out. */
  readonly laneShare?: number
  /** How co-located tasks slow each other; shares of bandwidth when left out. */
  readonly interference?: InterferenceModel
}

/** Of a profile that was not fitted: a roofline is rarely further off on the slow side. */
export const defaultP95Factor = 1.25

/** One lane of a 2-vCPU server core with AVX-512; a starting point until `calibrate` exists. */
export const cpuProfile: DeviceProfile = {
  name: "cpu-default",
  kernels: "cpu",
  flopsPerSecond: 60e9,
  bytesPerSecond: 12e9,
  gatherBytesPerSecond: 10e9,
  opOverheadMs: 0.002,
  hostBytesPerSecond: 10e9,
}

/** The TypeScript float64 reference device. */
export const referenceProfile: DeviceProfile = {
  name: "reference",
  kernels: "cpu",
  flopsPerSecond: 0.5e9,
  bytesPerSecond: 2e9,
  gatherBytesPerSecond: 1e9,
  opOverheadMs: 0.01,
  hostBytesPerSecond: 10e9,
}

/** Until `calibrate` fits one for the GPU at hand: the figures of an H200, see MachineProfile. */
export const cudaProfile: DeviceProfile = {
  name: "cuda-default",
  kernels: "cuda",
  flopsPerSecond: 50e12,
  bytesPerSecond: 4.3e12,
  gatherBytesPerSecond: 2.6e12,
  opOverheadMs: 0.004,
  hostBytesPerSecond: 50e9,
}

export const deviceProfiles = {
  cpu: cpuProfile,
  cuda: cudaProfile,
  reference: referenceProfile,
} as const
