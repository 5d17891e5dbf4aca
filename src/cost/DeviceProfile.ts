// What the time formulas know of a device: its ceilings for one lane. Bytes need none of this.

import type { InterferenceModel } from "../model/Interference.ts"
import type { Precision } from "../model/precision.ts"
import { cpuFitted, cpuInterference } from "./cpuFitted.ts"
import type { FittedTimes } from "./FittedTimes.ts"

export interface DeviceProfile {
  readonly name: string
  /** Whose kernels run: those for CUDA need work lists and scratch of their own. Default "cpu". */
  readonly kernels?: "cpu" | "cuda"
  /** How exact its plans compute; "fp32" when left out. */
  readonly precision?: Precision
  /** float32 multiply-adds count as two. */
  readonly flopsPerSecond: number
  /** Streaming reads and writes. */
  readonly bytesPerSecond: number
  /** Reads of rows in the order the edges give. */
  readonly gatherBytesPerSecond: number
  /** Fixed cost of starting one operator. */
  readonly opOverheadMs: number
  /** From host memory to the device; without bound when left out. */
  readonly hostBytesPerSecond?: number
  /** Coefficients that were fitted on the device; they go before the roofline. */
  readonly fitted?: FittedTimes
  /** 95th percentile of measured over predicted time of a run alone; 1.25 when left out. */
  readonly p95Factor?: number
  /** What the small fixed run of calibration took in calm moments: how fast the device was then. */
  readonly probeMs?: number
  /** What a lane is held for beside a run: the way from the runtime to it and back; default 0. */
  readonly dispatchMs?: number
  /** What all lanes together can move; that of one lane when left out. */
  readonly totalBytesPerSecond?: number
  /** Share of the device's arithmetic that one lane can take; 1 when left out. */
  readonly laneShare?: number
  /** How co-located tasks slow each other; shares of bandwidth when left out. */
  readonly interference?: InterferenceModel
}

/** Of a profile that was not fitted: a roofline is rarely further off on the slow side. */
export const defaultP95Factor = 1.25

/** One lane of a 2-vCPU server with AVX-512; the roofline serves kinds that were not fitted. */
export const cpuProfile: DeviceProfile = {
  name: "cpu-default",
  flopsPerSecond: 60e9,
  bytesPerSecond: 12e9,
  gatherBytesPerSecond: 10e9,
  opOverheadMs: 0.002,
  fitted: cpuFitted,
  p95Factor: 1.18,
  laneShare: 0.5,
  interference: cpuInterference,
}

/** The TypeScript float64 reference device. */
export const referenceProfile: DeviceProfile = {
  name: "reference",
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
