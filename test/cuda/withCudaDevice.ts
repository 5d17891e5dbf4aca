// An open cuda device on the emulator, for the tests of the device itself.
import { Effect, type Scope } from "effect"
import type { Device } from "../../src/device/Device.ts"
import { type CudaDeviceOptions, openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import { cudaOptions } from "./serve.ts"

export const withDevice = <A>(
  options: Partial<CudaDeviceOptions>,
  use: (device: Device) => Effect.Effect<A, unknown, Scope.Scope>,
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(openCudaDevice({ ...cudaOptions, ...options }), use),
    ) as Effect.Effect<A>,
  )
