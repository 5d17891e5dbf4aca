// Actors: messages in order and in bunches, room that is waited for, and what stops one.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { type ActorOptions, makeActor } from "../../src/actors/Mailbox.ts"
import { effectOf, inTurn, type Step } from "../../src/actors/Step.ts"

/** Lets every actor come to rest. */
const rest = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

const open = (options: Partial<ActorOptions<number>> & Pick<ActorOptions<number>, "handle">) =>
  Effect.gen(function* () {
    const defects: Array<string> = []
    const onDefect = (actor: string, reason: string) => void defects.push(`${actor}: ${reason}`)
    const mailbox = yield* makeActor<number>({ name: "test", onDefect, ...options })
    return { defects, ...mailbox }
  })

describe("an actor", () => {
  it.effect("takes what has arrived in one bunch, in order", () =>
    Effect.gen(function* () {
      const bunches: Array<ReadonlyArray<number>> = []
      const { tell } = yield* open({
        handle: (bunch) => {
          bunches.push(bunch)
          return null
        },
      })
      for (const message of [1, 2, 3]) expect(tell(message)).toBeNull()
      yield* rest
      expect(tell(4)).toBeNull()
      yield* rest
      expect(bunches).toEqual([[1, 2, 3], [4]])
    }).pipe(Effect.scoped),
  )

  it.effect("takes no message while it waits, and says when its mailbox is full", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const seen: Array<number> = []
      const { offer, tell } = yield* open({
        capacity: 2,
        handle: (bunch) => {
          seen.push(...bunch)
          return seen.length === 1 ? Deferred.await(gate) : null
        },
      })
      tell(1)
      yield* rest
      expect([offer(2), offer(3), offer(4)]).toEqual([true, true, false])
      const told = yield* Effect.forkChild(inTurnOf([5, 6, 7], tell))
      yield* rest
      expect(seen).toEqual([1])
      expect(told.pollUnsafe()).toBeUndefined()
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(told)
      yield* rest
      expect(seen).toEqual([1, 2, 3, 5, 6, 7])
    }).pipe(Effect.scoped),
  )

  it.effect("forgets who waited for room and went away", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const seen: Array<number> = []
      const { tell } = yield* open({
        capacity: 1,
        handle: (bunch) => {
          seen.push(...bunch)
          return Deferred.await(gate)
        },
      })
      tell(1)
      yield* rest
      tell(2)
      const gone = yield* Effect.forkChild(effectOf(() => tell(3)))
      const stays = yield* Effect.forkChild(effectOf(() => tell(4)))
      yield* rest
      yield* Fiber.interrupt(gone)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(stays)
      yield* rest
      expect(seen).toEqual([1, 2, 4])
    }).pipe(Effect.scoped),
  )

  it.effect.each(["at once", "while it waits"])("that breaks %s says so, and stops", (when) =>
    Effect.gen(function* () {
      let handled = 0
      const { defects, tell } = yield* open({
        handle: () => {
          handled++
          if (when === "at once") throw new Error("broken")
          return Effect.andThen(Effect.yieldNow, Effect.die(new Error("broken")))
        },
      })
      tell(1)
      yield* rest
      tell(2)
      yield* rest
      expect(handled).toBe(1)
      expect(defects).toHaveLength(1)
      expect(defects[0]).toMatch(/^test: .*broken/)
    }).pipe(Effect.scoped),
  )

  it.effect("hears nothing more once its scope is closed, and what it waited for is given up", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const seen: Array<number> = []
      let givenUp = false
      const { defects, tell } = yield* open({
        handle: (bunch) => {
          seen.push(...bunch)
          return Effect.onInterrupt(Effect.never, () => Effect.sync(() => (givenUp = true)))
        },
      }).pipe(Scope.provide(scope))
      tell(1)
      yield* rest
      yield* Scope.close(scope, Exit.void)
      tell(2)
      yield* rest
      expect({ seen, givenUp, defects }).toEqual({ seen: [1], givenUp: true, defects: [] })
    }),
  )
})

const inTurnOf = (messages: ReadonlyArray<number>, tell: (message: number) => Step) =>
  effectOf(() => inTurn(messages, tell))
