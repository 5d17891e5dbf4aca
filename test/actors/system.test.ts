// The whole system of actors in virtual time: the reference device really computes, and each run
// takes as many virtual milliseconds as its tenant's name says.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import type { Device } from "../../src/device/Device.ts"
import { faultDevice } from "../../src/device/faultDevice.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import { FaultBook } from "../../src/model/FaultBook.ts"
import type { SchedulingMode } from "../../src/model/Snapshot.ts"
import { advance, open, timed, type World } from "../support/virtualSystem.ts"

/** Nobody holds anything, and without the idle residents the pool is one free range again. */
const expectEmptied = ({ device, system }: World) =>
  Effect.gen(function* () {
    const { budgetBytes, residents } = system.ledger.view()
    const idle = [...residents.values()]
    expect(idle.map(({ holders }) => holders)).toEqual(idle.map(() => 0))
    const { usedBytes } = yield* device.stats
    expect(usedBytes).toBe(idle.reduce((sum, { bytes }) => sum + bytes, 0))
    const layout = PoolLayout.fromView(system.ledger.view())
    layout.evictIdle()
    expect(layout.view().free).toEqual([{ offset: 0, bytes: budgetBytes }])
  })

const endsAtMs = (world: World) =>
  new Map(world.system.book.records().map((record) => [record.id, record.finishedAtMs]))

const runAll = (mode: SchedulingMode) =>
  Effect.gen(function* () {
    const world = yield* open({ mode, lanes: 2 })
    for (const id of ["a10ms", "b50ms", "c10ms", "d15ms"]) yield* world.submit(id)
    yield* advance(200)
    yield* world.system.book.idle
    return endsAtMs(world)
  })

describe("the actors in virtual time", () => {
  it.effect("refill a lane at once in continuous mode", () =>
    Effect.gen(function* () {
      const ends = yield* runAll("continuous")
      expect([...ends.entries()]).toEqual([
        ["a10ms", 10],
        ["c10ms", 20],
        ["d15ms", 35],
        ["b50ms", 50],
      ])
    }),
  )

  it.effect("wait for the whole group in groups mode", () =>
    Effect.gen(function* () {
      const ends = yield* runAll("groups")
      expect([...ends.entries()]).toEqual([
        ["a10ms", 10],
        ["b50ms", 50],
        ["c10ms", 60],
        ["d15ms", 65],
      ])
    }),
  )

  it.effect("cancel a running task at once and a waiting one without starting it", () =>
    Effect.gen(function* () {
      const world = yield* open({ lanes: 1 })
      const running = yield* world.submit("a100ms")
      const waiting = yield* world.submit("b100ms")
      yield* advance(10)
      expect([running.state, waiting.state]).toEqual(["running", "ready"])
      yield* world.system.cancel(waiting)
      yield* world.system.cancel(running)
      expect([running.state, waiting.state]).toEqual(["cancelled", "cancelled"])
      expect(waiting.startedAtMs).toBe(null)
      const error = yield* Effect.flip(Deferred.await(running.done))
      expect(error).toMatchObject({ _tag: "TaskCancelled", state: "running" })
      yield* expectEmptied(world)
    }),
  )

  it.effect("never start a task whose deadline has passed, when late tasks expire", () =>
    Effect.gen(function* () {
      const world = yield* open({ lanes: 1, expireLate: true })
      yield* world.submit("a100ms")
      const late = yield* world.submit("b10ms", { deadlineMs: 50 })
      yield* advance(200)
      yield* world.system.book.idle
      expect(late.state).toBe("expired")
      expect(late.startedAtMs).toBe(null)
      const error = yield* Effect.flip(Deferred.await(late.done))
      expect(error).toMatchObject({ _tag: "TaskExpired", deadlineMs: 50, nowMs: 100 })
    }),
  )

  it.effect("run a late task all the same otherwise", () =>
    Effect.gen(function* () {
      const world = yield* open({ lanes: 1 })
      yield* world.submit("a100ms")
      const late = yield* world.submit("b10ms", { deadlineMs: 50 })
      yield* advance(200)
      yield* world.system.book.idle
      expect(late.state).toBe("completed")
    }),
  )

  it.effect("give every byte back, whether tasks complete, fail or are run again", () =>
    Effect.gen(function* () {
      const inner = timed(yield* openReferenceDevice({ lanes: 2, memoryBytes: 2 ** 20 }))
      const target = { times: 1, probability: 1, transient: false }
      const faults = new FaultBook({
        seed: 1,
        faults: [
          { kind: "allocation", task: "a10ms", ...target },
          { kind: "op", op: 1, task: "b10ms", ...target },
          { kind: "op", op: 1, task: "c10ms", ...target, transient: true },
          { kind: "lane", op: 1, task: "d10ms", times: 1, probability: 1 },
        ],
      })
      const world = yield* open({ device: faultDevice(inner, faults) })
      const ids = ["a10ms", "b10ms", "c10ms", "d10ms", "e10ms"]
      const tasks = yield* Effect.forEach(ids, (id) => world.submit(id))
      yield* advance(150)
      yield* world.system.book.idle
      expect(tasks.map(({ state }) => state)).toEqual([
        "failed",
        "failed",
        "completed",
        "completed",
        "completed",
      ])
      yield* expectEmptied({ ...world, device: inner })
    }),
  )

  it.effect("upload a resident object once, however many tasks wait for it", () =>
    Effect.gen(function* () {
      let uploads = 0
      const device = yield* openReferenceDevice({ lanes: 4, memoryBytes: 2 ** 20 })
      const counting: Device = {
        ...device,
        upload: (id, data) => {
          uploads++
          return Effect.andThen(Effect.sleep(5), device.upload(id, data))
        },
      }
      const world = yield* open({ device: counting })
      const tasks = yield* Effect.forEach([1, 2, 3, 4], (i) => world.submit(`t${i}`))
      yield* advance(200)
      yield* world.system.book.idle
      expect(tasks.map(({ state }) => state)).toEqual(Array(4).fill("completed"))
      expect(uploads).toBe(tasks[0]!.plan!.residents.length)
    }),
  )

  it.effect("fail every live task with a typed reason when an invariant breaks", () =>
    Effect.gen(function* () {
      const world = yield* open({
        policy: () => {
          throw new Error("a broken policy")
        },
      })
      const task = yield* world.submit("a10ms")
      yield* advance(100)
      const error = yield* Effect.flip(Deferred.await(task.done))
      expect(error).toMatchObject({ _tag: "RuntimeFailed", actor: "scheduler" })
      const later = yield* world.submit("b10ms")
      const refusal = yield* Effect.flip(Deferred.await(later.done))
      expect(refusal).toMatchObject({ _tag: "RuntimeFailed", actor: "scheduler" })
      expect(later.state).toBe("rejected")
    }),
  )

  it.effect("forget the oldest ended tasks beyond their bound, and say how many", () =>
    Effect.gen(function* () {
      const world = yield* open({ historyTasks: 10 })
      for (let i = 0; i < 12; i++) {
        yield* world.submit(`t${i}`)
        yield* advance(1)
      }
      const { book } = world.system
      expect(book.records().map(({ id }) => id)).toEqual(
        Array.from({ length: 10 }, (_, i) => `t${i + 2}`),
      )
      expect(book.dropped).toBe(2)
    }),
  )

  it.effect("keep each task's id unique among live tasks only", () =>
    Effect.gen(function* () {
      const world = yield* open({})
      const first = yield* world.submit("x10ms")
      const second = yield* world.submit("x10ms")
      yield* advance(100)
      yield* world.system.book.idle
      const third = yield* world.submit("x10ms")
      yield* advance(100)
      expect([first.state, second.state, third.state]).toEqual([
        "completed",
        "rejected",
        "completed",
      ])
    }),
  )
})
