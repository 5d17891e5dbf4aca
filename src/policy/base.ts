// BASE, the in-order policy of GNNSched (CE&S 46(1), 2024) and CoGNN (SC'22): tasks in order of
// arrival, until the next would exceed the budget or the lanes. No task overtakes another.
import type { Policy } from "../model/Snapshot.ts"
import { fillDefaults, fillGroup } from "./fillGroup.ts"

export const base: Policy = (snapshot) => fillGroup(snapshot.waiting, snapshot, fillDefaults)
