// What is told of a GPU beside its kernels: how fast its own memory is copied, how soon a plan on it can
// stop, whether its multiprocessors can be shared out.
import { gpuNamed } from "../../device/native/cudaDevice.ts"
import type { DeviceInfo, GpuFacts } from "../../model/RunReport.ts"
import { addonOption } from "../addonOption.ts"
import { formatBytes } from "../units.ts"

export interface GpuReport extends Pick<GpuFacts, "index" | "copyBytesPerSecond" | "sliceBytes"> {
  readonly driver: string
  readonly memoryBytes: number
  /** Why there are no green contexts; null where there are. */
  readonly noSmShares: string | null
}

export const gpuReport = ({ gpu }: DeviceInfo): GpuReport | null => {
  if (gpu === undefined || gpu === null) return null
  const { index, copyBytesPerSecond, sliceBytes } = gpu
  const listed = gpuNamed(index, addonOption().addonPath ?? null)
  if (listed === null) return null
  const { driver, memoryBytes, noSmShares } = listed
  return { index, driver, memoryBytes, copyBytesPerSecond, sliceBytes, noSmShares }
}

export const gpuText = (gpu: GpuReport): string =>
  [
    `GPU ${gpu.index} of ${formatBytes(gpu.memoryBytes)}, driver for CUDA ${gpu.driver}; copies within ` +
      `it ${formatBytes(gpu.copyBytesPerSecond)}/s, slices of ${formatBytes(gpu.sliceBytes)}`,
    gpu.noSmShares === null
      ? "green contexts: its multiprocessors can be shared out (--sm-share)"
      : `no green contexts (--sm-share does nothing): ${gpu.noSmShares}`,
  ].join("\n")
