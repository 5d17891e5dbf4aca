// The queue: where a submitted task is taken or refused. It bounds how many tasks may be live, keeps
// ids unique, and passes what it takes on to the estimator in order of arrival.
import { Deferred, Effect, type Scope } from "effect"
import { type AdmissionError, DuplicateTask, QueueFull, RuntimeClosed } from "../model/errors.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { effectOf, inTurn, type Step } from "./Step.ts"
import type { TaskBook } from "./TaskBook.ts"

export interface QueueOptions {
  readonly book: TaskBook
  /** Live tasks at most; a further one is refused. */
  readonly maxQueuedTasks: number
  readonly onAccepted: (task: LiveTask) => Step
  /** Why nothing can be taken any more, when an invariant broke. */
  readonly broken: () => AdmissionError | null
  readonly onDefect: ActorOptions<never>["onDefect"]
}

export interface QueueActor {
  /** Never fails: a refused task ends `rejected` with the reason. */
  readonly submit: (task: LiveTask) => void
  /** Refuses every later submission; settles when every earlier one has been taken or refused. */
  readonly close: Effect.Effect<void>
  /** Settles when every earlier submission has been taken or refused. */
  readonly flush: Effect.Effect<void>
}

type Message =
  | { readonly _tag: "Submit"; readonly task: LiveTask }
  | { readonly _tag: "Flush"; readonly reply: Deferred.Deferred<void> }

export const makeQueue = (options: QueueOptions): Effect.Effect<QueueActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    let closed = false
    const limit = options.maxQueuedTasks
    const fullAt = (queued: number) => new QueueFull({ bound: "tasks", queued, asked: 1, limit })
    const admit = (task: LiveTask): AdmissionError | null => {
      const { id } = task.spec
      if (options.book.find(id) !== undefined) return new DuplicateTask({ id })
      const queued = options.book.liveCount
      return queued >= limit ? fullAt(queued) : options.broken()
    }
    const take = (message: Message): Step => {
      if (message._tag === "Flush") {
        Deferred.doneUnsafe(message.reply, Effect.void)
        return null
      }
      const refusal = admit(message.task)
      if (refusal !== null) {
        options.book.refuse(message.task, refusal)
        return null
      }
      options.book.add(message.task)
      return options.onAccepted(message.task)
    }
    const mailbox = yield* makeActor<Message>({
      name: "queue",
      capacity: options.maxQueuedTasks,
      handle: (messages) => inTurn(messages, take),
      onDefect: options.onDefect,
    })
    const flush = Effect.suspend(() => {
      const reply = Deferred.makeUnsafe<void>()
      const told = effectOf(() => mailbox.tell({ _tag: "Flush", reply }))
      return Effect.andThen(told, Deferred.await(reply))
    })
    return {
      flush,
      submit: (task) => {
        if (closed) options.book.refuse(task, new RuntimeClosed({ id: task.spec.id }))
        else if (!mailbox.offer({ _tag: "Submit", task })) options.book.refuse(task, fullAt(limit))
      },
      close: Effect.suspend(() => {
        closed = true
        return flush
      }),
    }
  })
