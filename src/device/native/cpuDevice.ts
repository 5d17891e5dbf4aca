// The cpu device: plans run by the native addon on persistent threads.
import { Effect, type Scope } from "effect"
import type { DeviceUnavailable } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import type { Device, DeviceOptions } from "../Device.ts"
import { type Isa, loadAddon } from "./Addon.ts"
import { openNativeDevice } from "./nativeDevice.ts"

export interface CpuDeviceOptions extends DeviceOptions {
  /** Instruction set of the kernels; the fastest this CPU runs when left out. */
  readonly isa?: Isa
  /**
   * For tests: fills each arena with NaN before a run and takes the last block that was written as
   * its high-water mark, in place of the extents of the operands.
   */
  readonly paint?: boolean
  /** Touches the pool's first pages before the first run asks for them. */
  readonly warm?: boolean
  /** The addon's file; the package's own when left out. */
  readonly addonPath?: string
}

/** The pool's share of the memory this process may use, when no size is given. */
export const defaultMemoryShare = 0.25

/** Opens the cpu device for the life of the scope; closing stops plans at an operator boundary. */
export const openCpuDevice = (
  options: CpuDeviceOptions,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> =>
  Effect.fromResult(loadAddon(options.addonPath ?? null)).pipe(
    Effect.flatMap((addon) => {
      const machine = addon.detect()
      return openNativeDevice({
        addon,
        kind: "cpu",
        name: machine.name,
        open: {
          lanes: options.lanes ?? Math.min(machine.cores, limits.maxLanes),
          budgetBytes: options.memoryBytes ?? Math.floor(machine.memoryBytes * defaultMemoryShare),
          isa: options.isa ?? null,
          gpu: null,
          paint: options.paint ?? false,
          warmBytes: options.warm === true ? limits.warmPoolBytes : 0,
          opTimings: true,
          sliceBytes: 0,
          smShare: 0,
        },
      })
    }),
  )
