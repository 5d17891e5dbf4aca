// The baseline that shows why memory is looked at: as many tasks as there are lanes, in order of
// arrival, whether they fit or not. Those that do not then fail for want of memory. The runtime
// refuses it unless it is asked for by name and consent.
import type { Policy } from "../model/Snapshot.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"

export const unsafe: Policy = (snapshot) =>
  fillGroup(snapshot.waiting, snapshot, { ...fillDefaults, checkMemory: false })
