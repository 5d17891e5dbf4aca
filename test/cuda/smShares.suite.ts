// Multiprocessors shared out between urgent and ordinary tasks by green contexts of the driver, and what
// happens where the driver has none. On the emulator a kernel outside of them takes the device away.
import { Effect } from "effect"
import { afterEach, expect, it } from "vitest"
import { type CudaDeviceOptions, openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import { place, submit } from "../native/planBench.ts"
import { chain } from "../native/samplePlans.ts"
import { cudaOptions } from "./serve.ts"
import { withDevice } from "./withCudaDevice.ts"

const knobs = ["GNNSCHED_EMULATED_DRIVER", "GNNSCHED_EMULATED_SMS"] as const

/** What the device says of its shares, after a plan on each lane. */
const sharesOf = (options: Partial<CudaDeviceOptions>) =>
  withDevice({ lanes: 2, ...options }, (device) =>
    Effect.gen(function* () {
      const { bench, plan } = chain(16, 3, 256)
      const placed = yield* place(device, bench, plan)
      for (const lane of [0, 1]) {
        for (const priority of [0, 1]) {
          const { completion } = yield* submit(device, placed, lane, priority)
          expect(completion.opsDone).toBe(3)
        }
      }
      const { urgentSms, ordinarySms, notShared } = device.info.gpu!
      return { urgentSms, ordinarySms, notShared }
    }),
  )

export const smSharesSuite = () => {
  afterEach(() => {
    for (const knob of knobs) delete process.env[knob]
  })

  it.each([true, false])(
    "sets a share apart in the steps of the GPU, op timings %s",
    async (opTimings) => {
      const shares = await sharesOf({ smShare: 0.25, opTimings })
      expect(shares).toEqual({ urgentSms: 40, ordinarySms: 92, notShared: null })
    },
  )

  it("shares nothing out unless it is asked to", async () => {
    expect(await sharesOf({})).toEqual({ urgentSms: 0, ordinarySms: 0, notShared: null })
  })

  it("runs without shares on a driver that has no green contexts, and says so", async () => {
    process.env.GNNSCHED_EMULATED_DRIVER = "12030"
    const { urgentSms, notShared } = await sharesOf({ smShare: 0.25 })
    expect(urgentSms).toBe(0)
    expect(notShared).toContain("CUDA 12.4")
  })

  it.each([
    [8, "leave none for ordinary plans"],
    [4, "CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION"],
  ])("runs without shares on a GPU of %i multiprocessors", async (count, reason) => {
    process.env.GNNSCHED_EMULATED_SMS = String(count)
    expect((await sharesOf({ smShare: 0.5 })).notShared).toContain(reason)
  })

  it.each([-0.1, 1, Number.NaN])("refuses a share of %d", async (smShare) => {
    const opened = Effect.scoped(openCudaDevice({ ...cudaOptions, smShare }))
    const error = await Effect.runPromise(Effect.flip(opened))
    expect(error).toMatchObject({ _tag: "DeviceUnavailable" })
    expect(error.reason).toContain(`a share of ${smShare}`)
  })
}
