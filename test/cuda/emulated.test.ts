// Everything that needs the addon with a GPU in software, in one process: it is built once.
import { beforeAll, describe } from "vitest"
import { openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import { goldenSuite } from "../runtime/golden.suite.ts"
import { commandSuite } from "./command.suite.ts"
import { deviceSuite } from "./device.suite.ts"
import { buildEmulatedAddon, buildTimeoutMs, emulatedAddon } from "./emulatedAddon.ts"
import { networkSuite } from "./network.suite.ts"
import { precisionSuite } from "./precision.suite.ts"

beforeAll(buildEmulatedAddon, buildTimeoutMs)

describe("golden cases on the cuda device", { timeout: 60_000 }, () =>
  goldenSuite({
    options: { device: "cuda", addonPath: emulatedAddon },
    open: (options) => openCudaDevice({ ...options, addonPath: emulatedAddon }),
  }),
)

describe("the cuda device", { timeout: 60_000 }, deviceSuite)
describe("networks on the cuda device", { timeout: 120_000 }, networkSuite)
describe("precisions on the cuda device", { timeout: 120_000 }, precisionSuite)
describe("gnnsched --device cuda", { timeout: 120_000 }, commandSuite)
