// What a running task has in the memory of the host: its result, and what its plan keeps there for lack
// of room on the device. It lasts until the task ends, whatever stops a run in between.
import { DeviceOutOfMemory } from "../model/errors.ts"
import { type Plan, slotsOn } from "../model/Plan.ts"
import { sharedFloat32 } from "../model/Tensor.ts"
import type { PreparedPlan } from "./PreparedTask.ts"

export interface HostMemory {
  readonly plan: Plan
  readonly output: Float32Array
  /** One array per host slot of the plan, in order. */
  readonly arrays: ReadonlyArray<Uint8Array>
}

const bytesOf = (floats: Float32Array): Uint8Array =>
  new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)

/** A task's own array; the system may have less memory than one asks for. */
const allocate = (bytes: number): Float32Array | DeviceOutOfMemory => {
  try {
    return sharedFloat32(bytes / 4)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return new DeviceOutOfMemory({ bytesRequested: bytes, bytesFree: 0, transient: false })
  }
}

const noOutput = sharedFloat32(0)

/** For a device that computes nothing: there is no result, and nothing to keep. */
const nothing = (plan: Plan): HostMemory => ({ plan, output: noOutput, arrays: [] })

export const hostMemory = (
  { host, plan }: PreparedPlan,
  computesNothing: boolean,
): HostMemory | DeviceOutOfMemory => {
  if (computesNothing) return nothing(plan)
  const output = allocate(4 * plan.output.rows * plan.output.cols)
  if (output instanceof DeviceOutOfMemory) return output
  const arrays: Array<Uint8Array> = []
  for (const [index, { bytes, role }] of slotsOn(plan, "host").entries()) {
    const source = host[index]
    if (source != null) {
      arrays.push(source.data)
      continue
    }
    const own = role === "task.output" ? output : allocate(bytes)
    if (own instanceof DeviceOutOfMemory) return own
    arrays.push(bytesOf(own))
  }
  return { plan, output, arrays }
}
