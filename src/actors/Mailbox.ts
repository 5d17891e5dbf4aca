// An actor: a bounded mailbox and one hand that takes its messages in order, in bunches, so that a
// handler may look at everything that has arrived before it decides. It stands still, with no fiber of
// its own, until a message comes; a fiber runs only what a handler has to wait for.
import { Cause, Effect, Exit, Fiber, Scheduler, type Scope } from "effect"
import { limits } from "../model/limits.ts"
import type { Step } from "./Step.ts"

export interface Mailbox<Message> {
  /** Waits while the mailbox is full. */
  readonly tell: (message: Message) => Step
  /** False when the mailbox is full: the message was not taken. */
  readonly offer: (message: Message) => boolean
}

export interface ActorOptions<Message> {
  readonly name: string
  readonly capacity?: number
  readonly handle: (messages: ReadonlyArray<Message>) => Step
  /** A defect is a broken invariant: the actor has stopped. */
  readonly onDefect: (actor: string, reason: string) => void
}

/** Starts an actor that lives as long as the scope. */
export const makeActor = <Message>(
  options: ActorOptions<Message>,
): Effect.Effect<Mailbox<Message>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const dispatcher = (yield* Scheduler.Scheduler).makeDispatcher()
    const actor = new Actor(options, run, (task) => dispatcher.scheduleTask(task, 0))
    yield* Effect.addFinalizer(() => actor.stop)
    return actor
  })

class Actor<Message> implements Mailbox<Message> {
  readonly #options: ActorOptions<Message>
  readonly #capacity: number
  readonly #run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly #schedule: (task: () => void) => void
  #messages: Array<Message> = []
  /** Who waits for room, with what they have to say. */
  readonly #waiting: Array<() => boolean> = []
  /** idle → due → (busy →) idle; stopped for good. */
  #state: "idle" | "due" | "busy" | "stopped" = "idle"
  #rest: Fiber.Fiber<void> | null = null

  constructor(
    options: ActorOptions<Message>,
    run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>,
    schedule: (task: () => void) => void,
  ) {
    this.#options = options
    this.#capacity = options.capacity ?? limits.mailboxCapacity
    this.#run = run
    this.#schedule = schedule
  }

  get stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#state = "stopped"
      return this.#rest === null ? Effect.void : Fiber.interrupt(this.#rest)
    })
  }

  readonly offer = (message: Message): boolean => {
    if (this.#messages.length >= this.#capacity) return false
    this.#messages.push(message)
    if (this.#state === "idle") {
      this.#state = "due"
      this.#schedule(this.#drain)
    }
    return true
  }

  readonly tell = (message: Message): Step => {
    if (this.#waiting.length === 0 && this.offer(message)) return null
    return Effect.callback<void>((resume) => {
      const turn = () => {
        if (!this.offer(message)) return false
        resume(Effect.void)
        return true
      }
      this.#waiting.push(turn)
      return Effect.sync(() => {
        const at = this.#waiting.indexOf(turn)
        if (at >= 0) this.#waiting.splice(at, 1)
      })
    })
  }

  readonly #drain = (): void => {
    while (this.#state !== "stopped" && this.#messages.length > 0) {
      this.#state = "busy"
      const messages = this.#messages
      this.#messages = []
      this.#admit()
      try {
        const rest = this.#options.handle(messages)
        if (rest !== null && !this.#finish(rest)) return
      } catch (defect) {
        this.#broke(Cause.die(defect))
      }
    }
    if (this.#state === "busy") this.#state = "idle"
  }

  /** There is room again: those that waited for it are heard first. */
  #admit(): void {
    while (this.#waiting.length > 0 && this.#messages.length < this.#capacity) {
      this.#waiting.shift()!()
    }
  }

  /** True when nothing had to be waited for after all; else the mailbox stands until it is done. */
  #finish(rest: Effect.Effect<void>): boolean {
    const fiber = this.#run(rest)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) {
      this.#settled(exit)
      return true
    }
    this.#rest = fiber
    fiber.addObserver((end) => {
      this.#rest = null
      this.#settled(end)
      this.#drain()
    })
    return false
  }

  #settled(exit: Exit.Exit<void>): void {
    if (Exit.isSuccess(exit)) return
    if (Cause.hasInterruptsOnly(exit.cause)) this.#state = "stopped"
    else this.#broke(exit.cause)
  }

  #broke(cause: Cause.Cause<never>): void {
    this.#state = "stopped"
    this.#options.onDefect(this.#options.name, Cause.pretty(cause))
  }
}
