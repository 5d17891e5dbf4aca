// SQTF, shortest QoS target first (GNNSched, CE&S 46(1), 2024): tasks by their target relative to
// submission, those without one last, until the group's threshold, the budget or the lanes. In
// continuous mode it is the order alone.
import type { Policy } from "../model/Snapshot.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"
import { byQosTarget, qosThreshold } from "./qosThreshold.ts"

export const sqtf: Policy = (snapshot) =>
  fillGroup(snapshot.waiting.ordered(byQosTarget), snapshot, {
    ...fillDefaults,
    thresholdBytes: qosThreshold(snapshot),
  })
