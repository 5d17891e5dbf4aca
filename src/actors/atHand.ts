// An effect that may have ended: most of what a task needs was made for others before it.
import { Effect, Exit } from "effect"

/** It has been done: nothing has to be waited for. */
export const isDone = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> =>
  Exit.isExit(effect)

/** At once where it is there already, as most of what a task needs was made for others. */
export const mapAtHand = <A, B, E>(
  effect: Effect.Effect<A, E>,
  f: (value: A) => B,
): Effect.Effect<B, E> => (isDone(effect) ? Exit.map(effect, f) : Effect.map(effect, f))
