// Opens the device and the prep pool that the options ask for, wrapped in faults where they say so.
import { Effect, type Scope } from "effect"
import type { Device } from "../device/Device.ts"
import { faultDevice } from "../device/faultDevice.ts"
import { openCpuDevice } from "../device/native/cpuDevice.ts"
import { openCudaDevice } from "../device/native/cudaDevice.ts"
import { openReferenceDevice } from "../device/reference/referenceDevice.ts"
import type { DeviceUnavailable } from "../model/errors.ts"
import { FaultBook } from "../model/FaultBook.ts"
import { faultPrep } from "../prep/faultPrep.ts"
import { makePrepPool } from "../prep/makePrepPool.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import type { ResolvedOptions } from "./options.ts"

const openers = {
  cpu: openCpuDevice,
  cuda: openCudaDevice,
  reference: openReferenceDevice,
} as const

export const openDevice = (
  options: ResolvedOptions,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> => {
  const { addonPath, deviceKind, faults, gpu, lanes, memoryBytes, smShare, warmUp: warm } = options
  const opened = openers[deviceKind]({
    lanes,
    memoryBytes,
    gpu,
    smShare,
    warm,
    ...(addonPath === null ? {} : { addonPath }),
  })
  return faults === null
    ? opened
    : Effect.map(opened, (device) => faultDevice(device, new FaultBook(faults)))
}

export const openPrep = (
  options: ResolvedOptions,
): Effect.Effect<PrepPoolService, never, Scope.Scope> => {
  const { faults, prepThreads: threads, prepTimeoutMs: timeoutMs } = options
  const opened = makePrepPool({ threads, timeoutMs })
  return faults === null
    ? opened
    : Effect.map(opened, (prep) => faultPrep(prep, new FaultBook(faults)))
}
