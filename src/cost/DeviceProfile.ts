// What the time formulas know of a device: its ceilings for one lane. Bytes need none of this.

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
}

/** One lane of a 2-vCPU server core with AVX-512; a starting point until `calibrate` exists. */
export const cpuProfile: DeviceProfile = {
  name: "cpu-default",
  kernels: "cpu",
  flopsPerSecond: 60e9,
  bytesPerSecond: 12e9,
  gatherBytesPerSecond: 10e9,
  opOverheadMs: 0.002,
}

/** The TypeScript float64 reference device. */
export const referenceProfile: DeviceProfile = {
  name: "reference",
  kernels: "cpu",
  flopsPerSecond: 0.5e9,
  bytesPerSecond: 2e9,
  gatherBytesPerSecond: 1e9,
  opOverheadMs: 0.01,
}

/** Until `calibrate` fits one for the GPU at hand: the figures of an H200, see MachineProfile. */
export const cudaProfile: DeviceProfile = {
  name: "cuda-default",
  kernels: "cuda",
  flopsPerSecond: 50e12,
  bytesPerSecond: 4.3e12,
  gatherBytesPerSecond: 2.6e12,
  opOverheadMs: 0.004,
}

export const deviceProfiles = {
  cpu: cpuProfile,
  cuda: cudaProfile,
  reference: referenceProfile,
} as const
