// The self-check of `doctor`: it covers every operator, and it finds a device that is wrong.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { opCases } from "../../src/cli/doctor/opCases.ts"
import { RandomData } from "../../src/cli/doctor/RandomData.ts"
import { casesBytes, largestError, selfCheck } from "../../src/cli/doctor/selfCheck.ts"
import type { Device } from "../../src/device/Device.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import type { OpKind } from "../../src/model/Op.ts"

const kinds: Readonly<Record<OpKind, true>> = {
  gemm: true,
  spmm: true,
  aggGemm: true,
  gat: true,
  gatv2: true,
  densify: true,
  rowwise: true,
  readout: true,
  gather: true,
  logSoftmax: true,
  copy: true,
}

const cases = opCases(new RandomData(5))

const check = (wrap: (device: Device) => Device) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const options = { lanes: 1, memoryBytes: 2 * casesBytes(cases) + 2 ** 20 }
        const device = yield* openReferenceDevice(options)
        const reference = yield* openReferenceDevice(options)
        return yield* selfCheck(wrap(device), reference, cases)
      }),
    ),
  )

/** Adds to one number of each result of operators whose title matches. */
const spoiled =
  (title: RegExp, by: number) =>
  (device: Device): Device => ({
    ...device,
    submit: (request) =>
      Effect.tap(device.submit(request), () =>
        Effect.sync(() => {
          if (title.test(request.taskId)) request.output[request.output.length - 1]! += by
        }),
      ),
  })

describe("the self-check", () => {
  it("covers every kind of operator with several shapes", () => {
    expect(new Set(cases.map(({ kind }) => kind))).toEqual(new Set(Object.keys(kinds)))
    expect(cases.length).toBeGreaterThan(100)
  })

  it("is the same for the same seed and another for another", () => {
    const shapes = (seed: number) => opCases(new RandomData(seed)).map(({ plan }) => plan.output)
    expect(shapes(5)).toEqual(cases.map(({ plan }) => plan.output))
    expect(shapes(6)).not.toEqual(shapes(5))
  })

  it.each([
    ["a wrong number", 0.5],
    ["a number that is not one", Number.NaN],
  ])("finds %s in the one operator that has it", async (_, by) => {
    const results = await check(spoiled(/gat concat/, by))
    const wrong = results.filter(({ passed }) => !passed)
    expect(wrong.map(({ title }) => title)).toEqual(["gat concat"])
  })

  it("never lets a number pass that is not one", () => {
    const nan = Float32Array.of(Number.NaN)
    expect(largestError(nan, Float32Array.of(1))).toBe(Number.POSITIVE_INFINITY)
    expect(largestError(Float32Array.of(1), nan)).toBe(Number.POSITIVE_INFINITY)
    expect(largestError(nan, nan)).toBe(Number.POSITIVE_INFINITY)
  })
})
