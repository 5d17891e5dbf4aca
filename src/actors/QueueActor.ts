// The queue: where a submitted task is taken or refused. It bounds how many tasks may be live, keeps
// ids unique, and passes what it takes on to the estimator in order of arrival.
import { Effect, type Scope } from "effect"
import { type AdmissionError, DuplicateTask, QueueFull, RuntimeClosed } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import type { TaskBook } from "./TaskBook.ts"

export interface QueueOptions {
  readonly book: TaskBook
  /** Live tasks at most; a further one is refused. */
  readonly maxQueuedTasks: number
  readonly onAccepted: (task: LiveTask) => Effect.Effect<void>
  readonly onDefect: ActorOptions<never>["onDefect"]
}

export interface QueueActor {
  /** Never fails: a refused task ends `rejected` with the reason. */
  readonly submit: (task: LiveTask) => Effect.Effect<void>
  /** Every later submission is refused. */
  readonly close: Effect.Effect<void>
}

export const makeQueue = (options: QueueOptions): Effect.Effect<QueueActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    let closed = false
    const admit = (task: LiveTask): AdmissionError | null => {
      const { id } = task.spec
      if (closed) return new RuntimeClosed({ id })
      if (options.book.find(id) !== undefined) return new DuplicateTask({ id })
      const queued = options.book.liveCount
      const limit = options.maxQueuedTasks
      return queued >= limit ? new QueueFull({ queued, limit }) : null
    }
    const take = (task: LiveTask): Effect.Effect<void> => {
      const refusal = admit(task)
      if (refusal !== null) return options.book.refuse(task, refusal)
      options.book.add(task)
      return options.onAccepted(task)
    }
    const mailbox = yield* makeActor<LiveTask>({
      name: "queue",
      handle: (tasks) => Effect.forEach(tasks, take, { discard: true }),
      onDefect: options.onDefect,
    })
    const full = new QueueFull({ queued: limits.mailboxCapacity, limit: limits.mailboxCapacity })
    return {
      submit: (task) =>
        Effect.flatMap(mailbox.offer(task), (taken) =>
          taken ? Effect.void : options.book.refuse(task, full),
        ),
      close: Effect.sync(() => {
        closed = true
      }),
    }
  })
