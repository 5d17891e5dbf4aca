// The golden cases on the devices that are always there; the emulated GPU has them in test/cuda.
import { describe } from "vitest"
import { openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import { goldenSuite } from "./golden.suite.ts"

describe("on the cpu device", () => goldenSuite({ options: {}, open: openCpuDevice }))

describe("on the reference device", () =>
  goldenSuite({ options: { device: "reference" }, open: openReferenceDevice }))
