// BMC, balanced memory consumption (CoGNN, SC'22): tasks by footprint, from the smallest and the
// largest end in turn, until the next would exceed the budget or the lanes. As published, one that
// does not fit ends the group; the other end is not tried in its place.
import type { Policy } from "../model/Snapshot.ts"
import { alternating } from "./alternating.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"
import { byFootprint } from "./lmcf.ts"

export const bmc: Policy = (snapshot) =>
  fillGroup(alternating(snapshot, byFootprint), snapshot, fillDefaults)
