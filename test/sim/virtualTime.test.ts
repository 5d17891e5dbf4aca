// Virtual time outside of tests: it jumps from sleeper to sleeper and takes the same steps again.
import { Clock, Deferred, Effect, Exit, Fiber, Queue } from "effect"
import { describe, expect, it } from "vitest"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(inVirtualTime(effect))
const runExit = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromiseExit(inVirtualTime(effect))

describe("inVirtualTime", () => {
  it("lets a year pass between two steps", async () => {
    const elapsed = await run(
      Effect.gen(function* () {
        const before = yield* Clock.currentTimeMillis
        yield* Effect.sleep("30 days")
        yield* Effect.sleep(0.25)
        return (yield* Clock.currentTimeMillis) - before
      }),
    )
    expect(elapsed).toBe(30 * 24 * 3600e3 + 0.25)
  })

  it("wakes sleepers in order of time, and those of one moment in order of going to sleep", async () => {
    const woken = await run(
      Effect.gen(function* () {
        const order: Array<string> = []
        const sleeper = (name: string, ms: number) =>
          Effect.andThen(
            Effect.sleep(ms),
            Effect.sync(() => order.push(name)),
          )
        yield* Effect.all([sleeper("c", 5), sleeper("a", 1), sleeper("d", 5), sleeper("b", 3)], {
          concurrency: "unbounded",
        })
        return order
      }),
    )
    expect(woken).toEqual(["a", "b", "c", "d"])
  })

  it("does not wake what was interrupted, nor wait for it", async () => {
    const now = await run(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.sleep("1 hour"))
        yield* Effect.sleep(10)
        yield* Fiber.interrupt(fiber)
        yield* Effect.sleep(10)
        return yield* Clock.currentTimeMillis
      }),
    )
    expect(now).toBe(20)
  })

  it("runs fibers that talk to each other within one moment", async () => {
    const sum = await run(
      Effect.gen(function* () {
        const queue = yield* Queue.bounded<number>(2)
        yield* Effect.forkChild(
          Effect.forEach([1, 2, 3, 4, 5], (n) => Queue.offer(queue, n), { discard: true }),
        )
        let total = 0
        for (let i = 0; i < 5; i++) total += yield* Queue.take(queue)
        return [total, yield* Clock.currentTimeMillis]
      }),
    )
    expect(sum).toEqual([15, 0])
  })

  it("answers the program's own failure", async () => {
    const exit = await runExit(Effect.andThen(Effect.sleep(5), Effect.fail("no")))
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain("no")
  })

  it("dies where the program waits for what never comes", async () => {
    const exit = await runExit(
      Effect.gen(function* () {
        yield* Deferred.await(yield* Deferred.make<void>())
      }),
    )
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain("never comes")
  })
})
