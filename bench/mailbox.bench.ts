// Throughput of an actor's mailbox: 1,000 messages told and handled.
import { Deferred, Effect } from "effect"
import { Bench } from "tinybench"
import { makeActor } from "../src/actors/Mailbox.ts"
import { effectOf } from "../src/actors/Step.ts"
import { runBench, type Suite } from "./suite.ts"

const messages = 1000

const exchange = Effect.scoped(
  Effect.gen(function* () {
    const all = yield* Deferred.make<void>()
    let seen = 0
    const mailbox = yield* makeActor<number>({
      name: "bench",
      handle: (bunch) => {
        seen += bunch.length
        if (seen === messages) Deferred.doneUnsafe(all, Effect.void)
        return null
      },
      onDefect: (actor, reason) => {
        Deferred.doneUnsafe(all, Effect.die(new Error(`${actor}: ${reason}`)))
      },
    })
    for (let i = 0; i < messages; i++) yield* effectOf(() => mailbox.tell(i))
    yield* Deferred.await(all)
  }),
)

export const mailboxSuite: Suite = ({ smoke }) => {
  const bench = new Bench({ iterations: smoke ? 5 : 500, time: 0, warmupTime: 0 })
  bench.add(`${messages} messages through a mailbox`, () => Effect.runPromise(exchange))
  return runBench("mailbox", bench)
}
