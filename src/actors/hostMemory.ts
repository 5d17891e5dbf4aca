// The host's side of a run: arrays that a plan reads from host memory, and those that are its own to write.
import { Effect } from "effect"
import type { Device } from "../device/Device.ts"
import { DeviceOutOfMemory } from "../model/errors.ts"
import { slotsOn } from "../model/Plan.ts"
import type { PreparedPlan } from "./PreparedTask.ts"

/** One array per slot in host memory, in order; none for a device that computes nothing. */
export const hostArrays = (
  { plan, host }: PreparedPlan,
  { noOutput }: Pick<Device, "noOutput">,
): Effect.Effect<ReadonlyArray<Uint8Array>, DeviceOutOfMemory> => {
  if (noOutput === true || host.length === 0) return Effect.succeed([])
  const slots = slotsOn(plan, "host")
  const bytesRequested = slots.reduce((sum, { bytes }, at) => sum + (host[at] ? 0 : bytes), 0)
  return Effect.try({
    try: () =>
      slots.map(({ bytes }, at) => host[at]?.data ?? new Uint8Array(new SharedArrayBuffer(bytes))),
    // The host says no without a number.
    catch: () => new DeviceOutOfMemory({ bytesRequested, bytesFree: 0, transient: false }),
  })
}
