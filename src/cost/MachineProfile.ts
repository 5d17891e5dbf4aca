// Built-in machines for the simulator: what one lane reaches alone, what all lanes share, how much
// memory there is. Figures of data sheets and published measurements where there are any; what is
// assumed says so. `calibrate` will replace them by fitted ones.

import type { HostProfile } from "../model/HostProfile.ts"
import type { DeviceProfile } from "./DeviceProfile.ts"
import { cpuProfile } from "./DeviceProfile.ts"

export interface MachineProfile {
  /** One lane alone. */
  readonly lane: DeviceProfile
  /** Lanes when none are asked for. */
  readonly lanes: number
  /** Pool when no size is asked for. */
  readonly budgetBytes: number
  readonly alignBytes: number
  /** What all lanes together can move. */
  readonly bytesPerSecond: number
  /** From host memory to the device. */
  readonly hostBytesPerSecond: number
  /** From the start of a task to that of its run, and from its end to that of the task; default 0. */
  readonly taskOverheadMs?: number
  /** What the runtime costs beside its lanes; left out: nothing, or it has cores of its own. */
  readonly host?: HostProfile
}

const GiB = 2 ** 30

/** Two cores of a Zen 4 server: a copy measures 40 to 52 GB/s for both; a lane has one core. */
const cpu2: MachineProfile = {
  lane: { ...cpuProfile, name: "cpu-2" },
  lanes: 2,
  budgetBytes: 4 * GiB,
  alignBytes: 64,
  bytesPerSecond: 40e9,
  hostBytesPerSecond: 20e9,
  taskOverheadMs: 0.05,
}

/**
 * NVIDIA V100 SXM2 32 GB: 15.7 TFLOP/s fp32 by the data sheet, of which 70 % are assumed for skinny
 * products; 750 of 900 GB/s measured (Jia et al., arXiv:1804.06826); gathers at 60 % of that and 5 µs
 * a launch are assumed; PCIe 3.0 x16 brings 12 GB/s. 26 GiB for tasks, as CoGNN (SC'22) gave them.
 */
const v100: MachineProfile = {
  lane: {
    name: "v100-32g",
    kernels: "cuda",
    flopsPerSecond: 11e12,
    bytesPerSecond: 750e9,
    gatherBytesPerSecond: 450e9,
    opOverheadMs: 0.005,
  },
  lanes: 4,
  budgetBytes: 26 * GiB,
  alignBytes: 256,
  bytesPerSecond: 750e9,
  hostBytesPerSecond: 12e9,
}

/**
 * NVIDIA H200 141 GB: 67 TFLOP/s fp32 by the data sheet, 50 taken as achievable; 4.3 TB/s measured
 * for a copy; gathers at 60 % of that and 4 µs a launch are assumed; PCIe 5.0 x16 brings 50 GB/s.
 */
const h200: MachineProfile = {
  lane: {
    name: "h200",
    kernels: "cuda",
    flopsPerSecond: 50e12,
    bytesPerSecond: 4.3e12,
    gatherBytesPerSecond: 2.6e12,
    opOverheadMs: 0.004,
  },
  lanes: 8,
  budgetBytes: 128 * GiB,
  alignBytes: 256,
  bytesPerSecond: 4.3e12,
  hostBytesPerSecond: 50e9,
}

export const machineNames = ["cpu-2", "v100-32g", "h200"] as const
export type MachineName = (typeof machineNames)[number]

export const machines: Readonly<Record<MachineName, MachineProfile>> = {
  "cpu-2": cpu2,
  "v100-32g": v100,
  h200,
}
