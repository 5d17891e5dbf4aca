// Everything that needs the addon with a GPU in software, in one process: it is built once.
import { beforeAll, describe } from "vitest"
import { cudaProfile } from "../../src/cost/DeviceProfile.ts"
import { openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import { buildEmulated, buildTimeoutMs, emulatedAddon } from "../emulator/buildEmulated.ts"
import { tilingsSuite } from "../native/tilings.suite.ts"
import { goldenSuite } from "../runtime/golden.suite.ts"
import { commandSuite } from "./command.suite.ts"
import { deviceSuite } from "./device.suite.ts"
import { networkSuite } from "./network.suite.ts"
import { precisionSuite } from "./precision.suite.ts"
import { slicesSuite } from "./slices.suite.ts"
import { smSharesSuite } from "./smShares.suite.ts"

beforeAll(buildEmulated, buildTimeoutMs)

describe("golden cases on the cuda device", { timeout: 60_000 }, () =>
  goldenSuite({
    options: { device: "cuda", addonPath: emulatedAddon },
    open: (options) => openCudaDevice({ ...options, addonPath: emulatedAddon }),
  }),
)

describe("the cuda device", { timeout: 60_000 }, deviceSuite)
describe("slices of long operators", { timeout: 60_000 }, slicesSuite)
describe("shares of the multiprocessors", { timeout: 60_000 }, smSharesSuite)
describe("plans of parts on the cuda device", { timeout: 120_000 }, () => {
  const options = { lanes: 1, memoryBytes: 64 << 20, paint: true, addonPath: emulatedAddon }
  const profile = cudaProfile
  tilingsSuite({ open: openCudaDevice(options), profile, runs: 12, tolerance: 1e-5 })
})
describe("networks on the cuda device", { timeout: 120_000 }, networkSuite)
describe("precisions on the cuda device", { timeout: 120_000 }, precisionSuite)
describe("gnnsched --device cuda", { timeout: 120_000 }, commandSuite)
