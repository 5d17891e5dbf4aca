// A machine as it is when all of it is slower by one factor: what others on a shared host make of it.
import { scaleTimes } from "../src/cost/calibration/fitTimes.ts"
import type { DeviceProfile } from "../src/cost/DeviceProfile.ts"
import type { MachineProfile } from "../src/cost/MachineProfile.ts"
import type { HostProfile } from "../src/model/HostProfile.ts"

const slowerLane = (lane: DeviceProfile, factor: number): DeviceProfile => ({
  ...lane,
  flopsPerSecond: lane.flopsPerSecond / factor,
  bytesPerSecond: lane.bytesPerSecond / factor,
  gatherBytesPerSecond: lane.gatherBytesPerSecond / factor,
  opOverheadMs: lane.opOverheadMs * factor,
  ...(lane.dispatchMs === undefined ? {} : { dispatchMs: lane.dispatchMs * factor }),
  ...(lane.fitted === undefined ? {} : { fitted: scaleTimes(lane.fitted, factor) }),
})

const slowerHost = (host: HostProfile, factor: number): HostProfile => ({
  ...host,
  warmUpMs: host.warmUpMs * factor,
  takeInMs: host.takeInMs * factor,
  planOpMs: host.planOpMs * factor,
  orderMs: host.orderMs * factor,
  uploadMs: host.uploadMs * factor,
  makeMs: host.makeMs * factor,
})

/** Every time of it takes `factor` times as long. */
export const slower = (machine: MachineProfile, factor: number): MachineProfile => ({
  ...machine,
  lane: slowerLane(machine.lane, factor),
  bytesPerSecond: machine.bytesPerSecond / factor,
  hostBytesPerSecond: machine.hostBytesPerSecond / factor,
  ...(machine.taskOverheadMs === undefined
    ? {}
    : { taskOverheadMs: machine.taskOverheadMs * factor }),
  ...(machine.host === undefined ? {} : { host: slowerHost(machine.host, factor) }),
})
