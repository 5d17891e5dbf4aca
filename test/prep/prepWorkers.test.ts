// What the pool makes of the answers of its threads, with threads that are played: who is run
// again, who fails with what, and when the time of a job begins.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { type JobRunner, prepWorkersOver } from "../../src/prep/PrepWorkers.ts"
import type { PrepEnvelope, PrepReply } from "../../src/prep/prepJob.ts"

type Play = (envelope: PrepEnvelope, signal: AbortSignal) => Promise<PrepReply>

/** A runner that plays one script after another and counts the jobs. */
const played = (...plays: ReadonlyArray<Play>) => {
  const state = { jobs: 0, aborted: 0 }
  const runner: JobRunner = {
    run: (envelope, { signal }) => {
      signal.addEventListener("abort", () => state.aborted++)
      return plays[state.jobs++]!(envelope, signal)
    },
  }
  return { runner, state }
}

const dies: Play = ({ taken }) => {
  Atomics.store(taken, 0, 1)
  return Promise.reject(new Error("worker exited with code: 1"))
}
const diesBefore: Play = () => Promise.reject(new Error("worker exited with code: 1"))
const answers: Play = () => Promise.resolve({ kind: "done", value: "graph" })
const never: Play = () => new Promise(() => undefined)

const options = { threads: 1, timeoutMs: 100 }
const load = (runner: JobRunner) =>
  Effect.flatMap(prepWorkersOver(runner, options), (workers) =>
    workers.run("g", "loadGraph", { kind: "folder", path: "g" }),
  )

describe("a job on a worker thread", () => {
  it.effect("is run again once when its thread died before it had taken the job", () =>
    Effect.gen(function* () {
      const { runner, state } = played(diesBefore, answers)
      expect(yield* load(runner)).toBe("graph")
      expect(state.jobs).toBe(2)
    }),
  )

  it.effect("fails when that happens twice", () =>
    Effect.gen(function* () {
      const { runner, state } = played(diesBefore, diesBefore, answers)
      expect(yield* Effect.flip(load(runner))).toMatchObject({ _tag: "PrepWorkerLost", job: "g" })
      expect(state.jobs).toBe(2)
    }),
  )

  it.effect("is not run again when it was its own death", () =>
    Effect.gen(function* () {
      const { runner, state } = played(dies, answers)
      const error = yield* Effect.flip(load(runner))
      expect(error).toMatchObject({ _tag: "PrepWorkerLost", transient: true })
      expect(state.jobs).toBe(1)
    }),
  )

  it.effect("fails with the tagged error of the worker, as its own class", () =>
    Effect.gen(function* () {
      const error = { _tag: "FileUnreadable", fields: { file: "g", reason: "gone" } }
      const { runner } = played(() => Promise.resolve({ kind: "failed", error }))
      expect(yield* Effect.flip(load(runner))).toMatchObject({ _tag: "FileUnreadable", file: "g" })
    }),
  )

  it.effect("that broke for a reason nobody foresaw is not worth another try", () =>
    Effect.gen(function* () {
      const { runner } = played(() => Promise.resolve({ kind: "broken", reason: "no memory" }))
      expect(yield* Effect.flip(load(runner))).toMatchObject({
        transient: false,
        reason: "no memory",
      })
    }),
  )

  it.effect("that stays beyond the limit is aborted exactly then", () =>
    Effect.gen(function* () {
      const { runner, state } = played(never)
      const fiber = yield* Effect.forkChild(Effect.flip(load(runner)))
      yield* TestClock.adjust(99)
      expect(state.aborted).toBe(0)
      yield* TestClock.adjust(1)
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "PrepTimeout", timeoutMs: 100 })
      expect(state.aborted).toBe(1)
    }),
  )

  it.effect("has its full time from when it gets a thread, however long it waited", () =>
    Effect.gen(function* () {
      const { runner, state } = played(never, never)
      const workers = yield* prepWorkersOver(runner, options)
      const job = (name: string) =>
        Effect.flip(workers.run(name, "loadGraph", { kind: "folder", path: name }))
      const first = yield* Effect.forkChild(job("first"))
      yield* TestClock.adjust(60)
      const second = yield* Effect.forkChild(job("second"))
      yield* TestClock.adjust(40)
      expect(yield* Fiber.join(first)).toMatchObject({ job: "first" })
      yield* TestClock.adjust(99)
      expect(state).toEqual({ jobs: 2, aborted: 1 })
      yield* TestClock.adjust(1)
      expect(yield* Fiber.join(second)).toMatchObject({ _tag: "PrepTimeout", job: "second" })
    }),
  )

  it.effect("that is interrupted is aborted, and the next one runs", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const begins: Play = (envelope, signal) => {
        Deferred.doneUnsafe(begun, Effect.void)
        return never(envelope, signal)
      }
      const { runner, state } = played(begins, answers)
      const workers = yield* prepWorkersOver(runner, options)
      const run = workers.run("g", "loadGraph", { kind: "folder", path: "g" })
      const fiber = yield* Effect.forkChild(run)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      expect(state.aborted).toBe(1)
      expect(yield* run).toBe("graph")
    }),
  )
})
