// Predicted time of one operator on one lane: a roofline. Arithmetic overlaps with memory; streams
// and gathers share the memory system, so their times add up.
import type { DeviceProfile } from "./DeviceProfile.ts"
import type { OpWork } from "./opWork.ts"

export const predictOpMs = (work: OpWork, profile: DeviceProfile): number => {
  const computeS = work.flops / profile.flopsPerSecond
  const memoryS =
    work.streamBytes / profile.bytesPerSecond + work.gatherBytes / profile.gatherBytesPerSecond
  return profile.opOverheadMs + 1000 * Math.max(computeS, memoryS)
}
