// The cuda device: plans run by the kernels of kernels/, a stream per lane, through the native addon.
import { Effect, Result, type Scope } from "effect"
import { DeviceUnavailable } from "../../model/errors.ts"
import type { Device, DeviceOptions } from "../Device.ts"
import { type Addon, type Gpu, loadAddon } from "./Addon.ts"
import { openNativeDevice } from "./nativeDevice.ts"

export interface CudaDeviceOptions extends DeviceOptions {
  /** Which GPU, as CUDA numbers them; 0 when left out. */
  readonly gpu?: number
  /**
   * Take the time of every operator (true when left out). Without, plans run as CUDA graphs, which
   * costs the host less.
   */
  readonly opTimings?: boolean
  /**
   * Share of the multiprocessors that tasks with a priority above 0 have to themselves, as the others
   * have the rest; 0, when left out, lets all tasks use all. Where it cannot be had, `info.gpu` says why.
   */
  readonly smShare?: number
  /** For tests: the work of one slice, in place of what a copy moves in the time that a stop may take. */
  readonly sliceBytes?: number
  /** For tests: poisons each arena and checks that nothing outside of the operands was written. */
  readonly paint?: boolean
  readonly addonPath?: string
}

/** Streams when no number is given: beyond a few, tasks of one GPU only wait for its memory. */
export const defaultLanes = 4

/** What is left to the driver, to other libraries and to fragmentation when no size is given. */
export const reserveBytes = (memoryBytes: number): number => 2 ** 28 + Math.ceil(memoryBytes / 32)

interface FoundGpu extends Gpu {
  readonly freeBytes: number
}

const findGpu = (addon: Addon, index: number): Effect.Effect<FoundGpu, DeviceUnavailable> => {
  const { devices, freeBytes, reason } = addon.gpus(index)
  const gpu = devices[index]
  if (gpu !== undefined && freeBytes !== null) return Effect.succeed({ ...gpu, freeBytes })
  const numbers =
    gpu === undefined
      ? `there is no GPU ${index}; this machine has ${devices.length}`
      : `GPU ${index} does not answer`
  return Effect.fail(new DeviceUnavailable({ device: "cuda", reason: reason ?? numbers }))
}

/** What CUDA lists of a GPU, without opening it; null where there is none of that number. */
export const gpuNamed = (index: number, addonPath: string | null): Gpu | null => {
  const addon = loadAddon(addonPath)
  return Result.isSuccess(addon) ? (addon.success.gpus(index).devices[index] ?? null) : null
}

/** Opens a GPU for the life of the scope; closing stops plans at an operator boundary. */
export const openCudaDevice = (
  options: CudaDeviceOptions,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const addon = yield* Effect.fromResult(loadAddon(options.addonPath ?? null))
    const index = options.gpu ?? 0
    const smShare = options.smShare ?? 0
    if (!(smShare >= 0 && smShare < 1)) {
      const reason = `a share of ${smShare} of the multiprocessors; it takes 0 to below 1`
      return yield* new DeviceUnavailable({ device: "cuda", reason })
    }
    const gpu = yield* findGpu(addon, index)
    const spare = Math.max(0, gpu.freeBytes - reserveBytes(gpu.memoryBytes))
    return yield* openNativeDevice({
      addon,
      kind: "cuda",
      name: gpu.name,
      open: {
        lanes: options.lanes ?? defaultLanes,
        budgetBytes: options.memoryBytes ?? spare,
        isa: null,
        gpu: index,
        paint: options.paint ?? false,
        warmBytes: 0,
        opTimings: options.opTimings ?? true,
        sliceBytes: options.sliceBytes ?? 0,
        smShare,
      },
    })
  })
