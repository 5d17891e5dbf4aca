import { describe } from "vitest"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import { openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import { isas } from "./kernelChecks.ts"
import { tilingsSuite } from "./tilings.suite.ts"

describe.each(isas)("plans of parts on the cpu device, %s", { timeout: 60_000 }, (isa) => {
  const open = openCpuDevice({ lanes: 1, memoryBytes: 64 << 20, paint: true, isa })
  tilingsSuite({ open, profile: cpuProfile, runs: 300, tolerance: 0 })
})
