// The policies by name. A new one is a file of its own, a line here and its name in the model.
import type { Policy, PolicyName } from "../model/Snapshot.ts"
import { base } from "./base.ts"
import { bmc } from "./bmc.ts"
import { bqt } from "./bqt.ts"
import { edf } from "./edf.ts"
import { fair } from "./fair.ts"
import { lmcf } from "./lmcf.ts"
import { priority } from "./priority.ts"
import { sequential } from "./sequential.ts"
import { sjf } from "./sjf.ts"
import { slo } from "./slo.ts"
import { sqtf } from "./sqtf.ts"
import { unsafe } from "./unsafe.ts"

export const policies: Readonly<Record<PolicyName, Policy>> = {
  slo,
  base,
  lmcf,
  bmc,
  sqtf,
  bqt,
  edf,
  sjf,
  priority,
  fair,
  sequential,
  unsafe,
}
