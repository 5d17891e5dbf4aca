// What calibration makes of a machine that is slow now and then.
import { Effect } from "effect"
import { expect, it, vi } from "vitest"
import { fitCases } from "../../src/cli/calibrate/calibrationCases.ts"
import { measureCases } from "../../src/cli/calibrate/measureCases.ts"
import { measurePair } from "../../src/cli/calibrate/measurePairs.ts"
import { GraphShelf, placePlan, prepareCase } from "../../src/cli/calibrate/measurePlan.ts"
import { type ProbeOptions, SpeedProbe } from "../../src/cli/calibrate/SpeedProbe.ts"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import type { Device, SubmitRequest } from "../../src/device/Device.ts"

// Nobody takes the cores of these machines, whatever this one does meanwhile.
vi.mock("../../src/cli/calibrate/disturbance.ts", () => ({ waitedMs: () => 0 }))

const probeName = "GCN 2x64 on cora@1"

/** 100 ms an operator, times how slow the lane is by the time of the n-th run. */
const deviceOf = (slowness: (run: number, lane: number) => number, lanes = 1) => {
  const runsOf = new Map<string, number>()
  /** Lanes that ran anything but the probe. */
  const used = new Set<number>()
  let count = 0
  const submit = ({ lane, plan, taskId }: SubmitRequest) =>
    Effect.sync(() => {
      const opMs = 100 * slowness(count++, lane)
      runsOf.set(taskId, (runsOf.get(taskId) ?? 0) + 1)
      if (taskId !== probeName) used.add(lane)
      const ops = plan.ops.map((_, at) => ({ startMs: at * opMs, endMs: (at + 1) * opMs }))
      const runMs = opMs * plan.ops.length
      return { lane, ops, runMs, measuredPeakBytes: 0, opsDone: ops.length }
    })
  const info = { alignBytes: 64, budgetBytes: 2 ** 30, lanes }
  const nothing = () => Effect.void
  const device = { info, grant: nothing, revoke: nothing, upload: nothing, submit }
  return { device: device as unknown as Device, runsOf, used }
}

const cases = fitCases.filter(({ name, parts }) => name.endsWith("on cora@1") && !parts).slice(0, 3)

const measure = (device: Device, { patience = 100_000, profileMs }: ProbeOptions = {}) => {
  const again: Array<number> = []
  return Effect.scoped(
    Effect.gen(function* () {
      const options = {
        runs: 2,
        probe: yield* SpeedProbe.open(device, { patience, profileMs }),
        onCase: () => undefined,
        onAgain: (count: number) => void again.push(count),
      }
      return { again, runs: yield* measureCases(device, cases, cpuProfile, options) }
    }),
  )
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

it("waits for a slow moment to end, and times nothing in it", async () => {
  const { device, runsOf } = deviceOf((run) => (run >= 3 && run < 12 ? 1.5 : 1))
  const { again, runs } = await Effect.runPromise(measure(device))
  expect(again).toEqual([])
  for (const { name, ops, runMs } of runs) {
    expect(runMs).toBe(100 * ops.length)
    expect(runsOf.get(name)).toBeLessThanOrEqual(4)
  }
})

it("leaves out runs that a slow moment began or ended in, and times others for them", async () => {
  // Slow for two runs of every fifteen.
  const { device } = deviceOf((run) => (run % 15 >= 13 ? 1.5 : 1))
  const { runs } = await Effect.runPromise(measure(device))
  for (const { opMs, ops, pace, runMs } of runs) {
    expect(pace).toBe(1)
    expect(runMs).toBe(100 * ops.length)
    expect(opMs).toEqual(ops.map(() => 100))
  }
})

it("goes to the lane that is calm", async () => {
  const { device, used } = deviceOf((_, lane) => (lane === 0 ? 1.5 : 1), 2)
  const { runs } = await Effect.runPromise(measure(device))
  expect(used).toEqual(new Set([1]))
  for (const { ops, runMs } of runs) expect(runMs).toBe(100 * ops.length)
})

it("times those again that were timed before the machine was first calm", async () => {
  // The first case is done by the fifteenth run.
  const { device } = deviceOf((run) => (run < 15 ? 1.5 : 1))
  const { again, runs } = await Effect.runPromise(measure(device))
  expect(again.length).toBeGreaterThan(0)
  for (const { opMs, ops, pace, runMs } of runs) {
    expect(pace).toBe(1)
    expect(runMs).toBe(100 * ops.length)
    expect(opMs).toEqual(ops.map(() => 100))
  }
})

it("gives up once it has waited long enough, and says at what pace the runs were", async () => {
  const { device, runsOf } = deviceOf((run) => (run < 3 ? 1 : 2))
  const { again, runs } = await Effect.runPromise(measure(device, { patience: 1000 }))
  expect(again).toEqual([])
  for (const { name, ops, pace, runMs } of runs) {
    expect(pace).toBe(2)
    expect(runMs).toBe(200 * ops.length)
    // One to warm up.
    expect(runsOf.get(name)).toBe(3)
  }
})

it("says the pace beside the machine of a profile, which may have been a faster one", async () => {
  const { device } = deviceOf(() => 1)
  // Four operators of 100 ms each.
  const { runs } = await Effect.runPromise(measure(device, { profileMs: 200 }))
  for (const { pace } of runs) expect(pace).toBe(2)
})

it("runs a pair again that met a slow moment", async () => {
  let besideRuns = 0
  const { device } = deviceOf(() => 1, 2)
  // The second lane is slow from the first run of the pair to the fourth.
  const submit: Device["submit"] = (request) =>
    Effect.map(device.submit(request), (completion) => {
      if (request.lane === 1 && request.taskId !== probeName) besideRuns++
      const isSlow = request.lane === 1 && besideRuns > 0 && besideRuns <= 4
      return isSlow ? { ...completion, runMs: 1.5 * completion.runMs } : completion
    })
  const slowAtFirst: Device = { ...device, submit }
  const pair = Effect.gen(function* () {
    const probe = yield* SpeedProbe.open(slowAtFirst, { patience: 5000 })
    const shelf = new GraphShelf()
    const placed = yield* Effect.forEach(cases.slice(0, 2), (one) =>
      Effect.gen(function* () {
        const options = { alignBytes: 64, profile: cpuProfile }
        const [prepared] = yield* prepareCase(shelf.load(one.graph), one, options)
        return yield* placePlan(slowAtFirst, prepared, 0)
      }),
    )
    return yield* measurePair(slowAtFirst, placed[0]!, placed[1]!, { runs: 2, probe })
  })
  const results = await Effect.runPromise(Effect.scoped(pair))
  expect(besideRuns).toBeGreaterThan(4)
  for (const { slowdown } of results) expect(slowdown).toBe(1)
})
