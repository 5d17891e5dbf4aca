// What several tasks need is loaded once, and whoever began it may go away meanwhile.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { expectSound, machine, simulate, taskOf } from "./longAndShort.ts"

/** The features of `long` alone take a quarter of a second. */
const slowLink = { ...machine, hostBytesPerSecond: 200e6 }

describe("a resident that is being loaded for two tasks", () => {
  it.each([
    { gone: "a", stays: "b" },
    { gone: "b", stays: "a" },
  ])("is there for $stays when $gone is cancelled meanwhile", async ({ gone, stays }) => {
    const report = await simulate({ lanes: 2, machine: slowLink }, ({ submit }) =>
      Effect.gen(function* () {
        const tasks = { a: yield* submit("long", "a"), b: yield* submit("long", "b") }
        yield* Effect.sleep(100)
        yield* tasks[gone as "a" | "b"].cancel
      }),
    )
    expect(taskOf(report, gone).status).toBe("cancelled")
    expect(taskOf(report, stays)).toMatchObject({ status: "completed", attempts: 1 })
    expectSound(report)
  })

  it("is there for all when the one that began it gives its lane away", async () => {
    const report = await simulate({ lanes: 2, machine: slowLink }, ({ submit }) =>
      Effect.gen(function* () {
        yield* submit("long", "a")
        yield* submit("long", "b")
        yield* submit("short", "resident")
        yield* Effect.sleep(100)
        yield* submit("short", "urgent", { deadlineMs: 500 })
      }),
    )
    expect(report.tasks.map(({ status }) => status)).toEqual(Array(4).fill("completed"))
    expectSound(report)
  })
})
