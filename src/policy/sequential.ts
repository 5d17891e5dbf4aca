// The baseline without co-location: one task at a time, in order of arrival, in both modes. What
// waits behind the running task is blocked by "order".
import type { Policy } from "../model/Snapshot.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"

export const sequential: Policy = (snapshot) =>
  fillGroup(snapshot.waiting, snapshot, { ...fillDefaults, maxRunning: 1 })
