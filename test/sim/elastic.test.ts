// Tasks that find the memory taken: with a smaller plan beside what runs where that pays, as published
// after it.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { PolicyName } from "../../src/model/Snapshot.ts"
import { expectSound, simulate, taskOf } from "./longAndShort.ts"

/** A long task takes 127 MiB, its graph included; a second one needs 99 more. */
const memoryBytes = 200 * 2 ** 20

const twoLong = (policy: PolicyName, afterMs: number) =>
  simulate({ lanes: 2, memoryBytes, policy }, ({ submit }) =>
    Effect.gen(function* () {
      yield* submit("long", "first")
      yield* Effect.sleep(afterMs)
      yield* submit("long", "second")
    }),
  )

describe("a task that finds no room for its whole plan", () => {
  it.each(["slo", "edf", "sjf", "priority", "fair"] as const)(
    "starts with a smaller one beside what runs, under %s",
    async (policy) => {
      const report = await twoLong(policy, 200)
      const [first, second] = [taskOf(report, "first"), taskOf(report, "second")]
      expect(first.plan).toBe("whole")
      expect(second.plan).not.toBe("whole")
      expect(second.startedAtMs).toBeCloseTo(200, 3)
      expect(second.finishedAtMs! - second.startedAtMs!).toBeCloseTo(second.predictedMs!, 3)
      expect(second.predictedMs).toBeGreaterThan(first.predictedMs!)
      expect(second.predictedPeakBytes).toBeLessThan(first.predictedPeakBytes!)
      expect(report.device.peakBytes).toBeLessThanOrEqual(memoryBytes)
      expectSound(report)
    },
  )

  it("waits where the room of the whole one comes sooner than a smaller one pays", async () => {
    const report = await twoLong("slo", 2400)
    const [first, second] = [taskOf(report, "first"), taskOf(report, "second")]
    expect(second.plan).toBe("whole")
    expect(second.startedAtMs).toBe(first.finishedAtMs)
  })

  it.each(["base", "lmcf", "bmc", "sqtf", "bqt"] as const)(
    "waits for it under %s, as published",
    async (policy) => {
      const report = await twoLong(policy, 200)
      const [first, second] = [taskOf(report, "first"), taskOf(report, "second")]
      expect(second.plan).toBe("whole")
      expect(second.startedAtMs).toBe(first.finishedAtMs)
    },
  )

  it("runs with it from its beginning when its lane is lost, if there is room by then", async () => {
    const lost = { kind: "lane", task: "second", op: 60, times: 1, probability: 1 } as const
    const faults = { seed: 1, faults: [lost] }
    const report = await simulate({ lanes: 2, memoryBytes, faults }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "first")
        yield* Effect.sleep(200)
        yield* submit("long", "second")
      }),
    )
    const second = taskOf(report, "second")
    expect(second.runs.map(({ end }) => end)).toEqual(["failed", "completed"])
    expect(second.ops.length).toBeGreaterThan(0)
    expectSound(report)
  })
})
