// Tasks that ask for the same, in virtual time: one run answers them, and each keeps its own place, its
// own end and its own answer.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { faultDevice } from "../../src/device/faultDevice.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import { FaultBook } from "../../src/model/FaultBook.ts"
import type { Fault } from "../../src/model/FaultPlan.ts"
import { policies } from "../../src/policy/policies.ts"
import { advance, open, timed, type World } from "../support/virtualSystem.ts"

const resultOf = (task: LiveTask) => Effect.map(Deferred.await(task.done), ({ output }) => output)
const recordOf = (world: World, id: string) =>
  world.system.book.records().find((record) => record.id === id)!

/** One lane, taken by another task for the first 20 ms. */
const openBusy = (options: Parameters<typeof open>[0] = {}) =>
  Effect.gen(function* () {
    const world = yield* open({ lanes: 1, shareWork: true, ...options })
    yield* world.submit("first20ms", { nodes: [0] })
    yield* advance(1)
    return world
  })

const openFaulty = (fault: Partial<Fault> & Pick<Fault, "kind">) =>
  Effect.gen(function* () {
    const inner = timed(yield* openReferenceDevice({ lanes: 1, memoryBytes: 2 ** 20 }))
    const whole = { task: "a10ms", times: 1, probability: 1, ...fault } as Fault
    return yield* openBusy({
      device: faultDevice(inner, new FaultBook({ seed: 1, faults: [whole] })),
    })
  })

const states = (tasks: ReadonlyArray<LiveTask>) => tasks.map(({ state }) => state)

describe("tasks that wait for the same", () => {
  it.effect("run once, and each gets its own copy of the answer", () =>
    Effect.gen(function* () {
      const world = yield* openBusy()
      const tasks = yield* Effect.forEach(["a10ms", "b10ms", "c10ms"], (id) => world.submit(id))
      yield* advance(40)
      const answers = yield* Effect.forEach(tasks, resultOf)
      expect(answers[1]).toEqual(answers[0])
      expect(answers[2]).toEqual(answers[0])
      const before = [...answers[2]!.data]
      answers[0]!.data.fill(7)
      answers[1]!.data.fill(7)
      expect([...answers[2]!.data]).toEqual(before)
      const records = tasks.map(({ spec }) => recordOf(world, spec.id))
      expect(records.map(({ sharedWith }) => sharedWith)).toEqual([null, "a10ms", "a10ms"])
      expect(records.map(({ startedAtMs }) => startedAtMs)).toEqual([20, 20, 20])
      expect(records.map(({ finishedAtMs }) => finishedAtMs)).toEqual([30, 30, 30])
      expect(records.map(({ runs }) => runs.length)).toEqual([1, 0, 0])
      expect(records.map(({ lane }) => lane)).toEqual([0, 0, 0])
      for (const { measuredPeakBytes, predictedPeakBytes } of records) {
        expect(measuredPeakBytes).toBe(predictedPeakBytes)
      }
    }),
  )

  it.effect("run each by itself where the task, or the runtime, says so", () =>
    Effect.gen(function* () {
      const world = yield* openBusy()
      yield* world.submit("a10ms")
      yield* world.submit("b10ms", { share: false })
      yield* world.submit("c10ms")
      yield* advance(60)
      const ends = ["a10ms", "b10ms", "c10ms"].map((id) => recordOf(world, id).finishedAtMs)
      expect(ends).toEqual([30, 40, 30])
      const apart = yield* openBusy({ shareWork: false })
      yield* apart.submit("a10ms")
      yield* apart.submit("b10ms")
      yield* advance(60)
      expect(recordOf(apart, "b10ms").finishedAtMs).toBe(40)
    }),
  )

  it.effect("are different where the targets are", () =>
    Effect.gen(function* () {
      const world = yield* openBusy()
      const same = yield* world.submit("a10ms", { nodes: [1, 2] })
      const other = yield* world.submit("b10ms", { nodes: [2, 1] })
      yield* advance(60)
      const [forward, backward] = [yield* resultOf(same), yield* resultOf(other)]
      expect(forward.data.subarray(0, 5)).toEqual(backward.data.subarray(5))
      expect(forward.data).not.toEqual(backward.data)
    }),
  )

  it.effect("start in the place of the most urgent of them", () =>
    Effect.gen(function* () {
      const world = yield* openBusy({ policy: policies.priority })
      yield* world.submit("a10ms")
      yield* world.submit("between10ms", { nodes: [1], priority: 1 })
      yield* world.submit("b10ms", { priority: 2 })
      yield* advance(60)
      expect(recordOf(world, "b10ms")).toMatchObject({ finishedAtMs: 30, sharedWith: null })
      expect(recordOf(world, "a10ms")).toMatchObject({ finishedAtMs: 30, sharedWith: "b10ms" })
      expect(recordOf(world, "between10ms").finishedAtMs).toBe(40)
    }),
  )

  it.effect("leave the other lanes to other tasks", () =>
    Effect.gen(function* () {
      const world = yield* open({ lanes: 2, shareWork: true, mode: "groups" })
      for (const id of ["a10ms", "b10ms"]) yield* world.submit(id)
      yield* world.submit("c10ms", { nodes: [1] })
      yield* advance(30)
      const ends = ["a10ms", "b10ms", "c10ms"].map((id) => recordOf(world, id).finishedAtMs)
      expect(ends).toEqual([10, 10, 10])
    }),
  )

  it.effect("share the device time among their tenants", () =>
    Effect.gen(function* () {
      const world = yield* openBusy({ policy: policies.fair })
      yield* world.submit("a40ms", { tenant: "b" })
      yield* world.submit("b40ms", { tenant: "c" })
      yield* advance(25)
      yield* world.submit("d30ms", { tenant: "d", nodes: [1], share: false })
      yield* advance(40)
      yield* world.submit("e10ms", { tenant: "d", nodes: [2], share: false })
      yield* world.submit("f10ms", { tenant: "c", nodes: [3], share: false })
      yield* world.submit("g10ms", { tenant: "b", nodes: [4], share: false })
      yield* advance(80)
      // Of the 40 ms b and c have had 20 each, d has had 30.
      const starts = ["d30ms", "f10ms", "g10ms", "e10ms"].map(
        (id) => recordOf(world, id).startedAtMs,
      )
      expect(starts).toEqual([60, 90, 100, 110])
    }),
  )
})

describe("a run that answers several tasks", () => {
  it.effect("goes on for the others when the one whose name it has is cancelled", () =>
    Effect.gen(function* () {
      const world = yield* openBusy()
      const tasks = yield* Effect.forEach(["a10ms", "b10ms", "c10ms"], (id) => world.submit(id))
      yield* advance(24)
      expect(states(tasks)).toEqual(["running", "running", "running"])
      yield* world.system.cancel(tasks[0]!)
      expect(states(tasks)).toEqual(["cancelled", "running", "running"])
      expect(yield* Effect.flip(Deferred.await(tasks[0]!.done))).toMatchObject({ id: "a10ms" })
      yield* advance(20)
      expect(states(tasks)).toEqual(["cancelled", "completed", "completed"])
      expect(recordOf(world, "b10ms").finishedAtMs).toBe(30)
    }),
  )

  it.effect("stops when the last of them is cancelled", () =>
    Effect.gen(function* () {
      const world = yield* openBusy()
      const tasks = yield* Effect.forEach(["a50ms", "b50ms"], (id) => world.submit(id))
      yield* advance(24)
      yield* world.system.cancel(tasks[0]!)
      yield* world.system.cancel(tasks[1]!)
      expect(yield* Effect.flip(Deferred.await(tasks[1]!.done))).toMatchObject({
        _tag: "TaskCancelled",
        id: "b50ms",
        state: "running",
      })
      yield* world.submit("c10ms")
      yield* advance(20)
      expect(recordOf(world, "c10ms").status).toBe("completed")
      expect((yield* world.device.stats).usedBytes).toBe(
        [...world.system.ledger.view().residents.values()].reduce((sum, r) => sum + r.bytes, 0),
      )
    }),
  )

  it.effect("is what the others do when one of them is cancelled, or expires, before it", () =>
    Effect.gen(function* () {
      const world = yield* openBusy({ expireLate: true })
      const cancelled = yield* world.submit("a10ms")
      const late = yield* world.submit("b10ms", { deadlineMs: 5 })
      const third = yield* world.submit("c10ms")
      yield* advance(3)
      yield* world.system.cancel(cancelled)
      yield* advance(40)
      expect(states([cancelled, late, third])).toEqual(["cancelled", "expired", "completed"])
      expect(recordOf(world, "c10ms").sharedWith).toBe(null)
    }),
  )

  it.effect("is tried again after a transient fault, for all of them", () =>
    Effect.gen(function* () {
      const world = yield* openFaulty({ kind: "op", op: 1, transient: true })
      const tasks = yield* Effect.forEach(["a10ms", "b10ms"], (id) => world.submit(id))
      yield* advance(60)
      expect(states(tasks)).toEqual(["completed", "completed"])
      expect(tasks.map(({ spec }) => recordOf(world, spec.id).attempts)).toEqual([2, 2])
    }),
  )

  it.effect("fails for the one whose run it was, and for the others where it fails again", () =>
    Effect.gen(function* () {
      const ids = ["a10ms", "b10ms", "c10ms"]
      const once = yield* openFaulty({ kind: "op", op: 1, transient: false })
      const survivors = yield* Effect.forEach(ids, (id) => once.submit(id))
      yield* advance(60)
      expect(states(survivors)).toEqual(["failed", "completed", "completed"])
      expect(recordOf(once, "c10ms")).toMatchObject({ attempts: 2, sharedWith: "b10ms" })
      const always = yield* openFaulty({ kind: "op", op: 1, transient: false, task: "*", times: 9 })
      const lost = yield* Effect.forEach(ids, (id) => always.submit(id))
      yield* advance(80)
      expect(states(lost)).toEqual(["failed", "failed", "failed"])
      expect(recordOf(always, "c10ms")).toMatchObject({
        attempts: 2,
        reason: { _tag: "OpFailed", transient: false },
      })
    }),
  )

  it.effect("is promised to whoever asks for it after it was promised for an earlier time", () =>
    Effect.gen(function* () {
      const world = yield* open({ lanes: 1, shareWork: true, admit: "deadline" })
      const alone = yield* world.submit("probe0ms")
      yield* advance(2)
      const runMs = alone.plan!.predictedMs
      const deadlineMs = 8 * runMs
      // As many as can be promised one after another, and as many again.
      const tasks = yield* Effect.forEach([...Array(16).keys()], (i) =>
        world.submit(`t${i}`, { deadlineMs }),
      )
      const other = yield* world.submit("other", { nodes: [1], deadlineMs: 4 * runMs })
      const apart = yield* Effect.forEach([...Array(16).keys()], (i) =>
        world.submit(`u${i}`, { deadlineMs, share: false }),
      )
      yield* advance(5)
      yield* world.system.book.idle
      const refused = (of: ReadonlyArray<LiveTask>) =>
        of.filter(({ state }) => state === "rejected").length
      expect(refused([...tasks, other])).toBe(0)
      expect(refused(apart)).toBeGreaterThan(0)
    }),
  )
})
