// BQT, balanced QoS target (GNNSched, CE&S 46(1), 2024): tasks by their target relative to
// submission, from the shortest and the longest end in turn (no target is the longest), until the
// group's threshold, the budget or the lanes. In continuous mode it is the order alone.
import type { Policy } from "../model/Snapshot.ts"
import { alternating } from "./alternating.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"
import { byQosTarget, qosThreshold } from "./qosThreshold.ts"

export const bqt: Policy = (snapshot) =>
  fillGroup(alternating(snapshot, byQosTarget), snapshot, {
    ...fillDefaults,
    thresholdBytes: qosThreshold(snapshot),
  })
