// What calibration makes of a machine that is slow now and then.
import { Effect } from "effect"
import { expect, it } from "vitest"
import { fitCases } from "../../src/cli/calibrate/calibrationCases.ts"
import { measureCases } from "../../src/cli/calibrate/measureCases.ts"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import type { Device, SubmitRequest } from "../../src/device/Device.ts"

/** 100 ms an operator, times how slow the machine is by the time of the n-th run. */
const deviceOf = (slowness: (run: number) => number) => {
  const runsOf = new Map<string, number>()
  let count = 0
  const submit = ({ plan, taskId }: SubmitRequest) =>
    Effect.sync(() => {
      const opMs = 100 * slowness(count++)
      runsOf.set(taskId, (runsOf.get(taskId) ?? 0) + 1)
      const ops = plan.ops.map((_, at) => ({ startMs: at * opMs, endMs: (at + 1) * opMs }))
      const runMs = opMs * plan.ops.length
      return { lane: 0, ops, runMs, measuredPeakBytes: 0, opsDone: ops.length }
    })
  const info = { alignBytes: 64, budgetBytes: 2 ** 30, lanes: 1 }
  const nothing = () => Effect.void
  const device = { info, grant: nothing, revoke: nothing, upload: nothing, submit }
  return { device: device as unknown as Device, runsOf }
}

const cases = fitCases.filter(({ name, parts }) => name.endsWith("on cora@1") && !parts).slice(0, 3)

const measure = (device: Device) => {
  const again: Array<number> = []
  const options = {
    runs: 2,
    onCase: () => undefined,
    onAgain: (count: number) => void again.push(count),
  }
  return Effect.map(measureCases(device, cases, cpuProfile, options), (runs) => ({ again, runs }))
}

it("times a case once where the machine is as fast as ever", async () => {
  const { device, runsOf } = deviceOf(() => 1)
  const { again, runs } = await Effect.runPromise(measure(device))
  expect(again).toEqual([])
  for (const { name, ops, runMs } of runs) {
    expect(runMs).toBe(100 * ops.length)
    // One to warm up.
    expect(runsOf.get(name)).toBe(3)
  }
})

it("times those again that met a slow moment, and takes the fastest", async () => {
  // The first case is done by the twelfth run.
  const { device } = deviceOf((run) => (run < 12 ? 1.5 : 1))
  const { again, runs } = await Effect.runPromise(measure(device))
  expect(again.length).toBeGreaterThan(0)
  for (const { opMs, ops, runMs } of runs) {
    expect(runMs).toBe(100 * ops.length)
    expect(opMs).toEqual(ops.map(() => 100))
  }
})

it("ends where the machine stays slow, with the fastest that it saw", async () => {
  const { device, runsOf } = deviceOf((run) => (run < 3 ? 1 : 2))
  const { again, runs } = await Effect.runPromise(measure(device))
  expect(again).toEqual([3, 3])
  for (const { name, ops, runMs } of runs) {
    expect(runMs).toBe(200 * ops.length)
    expect(runsOf.get(name)).toBe(9)
  }
})
