// An actor: a bounded mailbox and one loop that handles its messages in order, in bunches, so that
// a handler may look at everything that has arrived before it decides.
import { Cause, Effect, Queue, type Scope } from "effect"
import { limits } from "../model/limits.ts"

export interface Mailbox<Message> {
  /** Waits while the mailbox is full. */
  readonly tell: (message: Message) => Effect.Effect<void>
  /** False when the mailbox is full: the message was not taken. */
  readonly offer: (message: Message) => boolean
}

export interface ActorOptions<Message> {
  readonly name: string
  readonly capacity?: number
  readonly handle: (messages: ReadonlyArray<Message>) => Effect.Effect<void>
  /** A defect is a broken invariant: the actor has stopped. */
  readonly onDefect: (actor: string, reason: string) => Effect.Effect<void>
}

/** Starts an actor that lives as long as the scope. */
export const makeActor = <Message>(
  options: ActorOptions<Message>,
): Effect.Effect<Mailbox<Message>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const capacity = options.capacity ?? limits.mailboxCapacity
    const queue = yield* Queue.bounded<Message>(capacity)
    yield* Queue.takeAll(queue).pipe(
      Effect.flatMap(options.handle),
      Effect.forever,
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : options.onDefect(options.name, Cause.pretty(cause)),
      ),
      Effect.forkScoped,
    )
    return {
      tell: (message) =>
        Effect.suspend(() =>
          Queue.isFullUnsafe(queue) || !Queue.offerUnsafe(queue, message)
            ? Effect.asVoid(Queue.offer(queue, message))
            : Effect.void,
        ),
      offer: (message) => !Queue.isFullUnsafe(queue) && Queue.offerUnsafe(queue, message),
    }
  })
