// What an actor does with a message: at once as a rule, so that a hundred messages cost no fiber; where
// something has to be waited for, the effect that finishes it.
import { Effect } from "effect"

/** null: it is done. */
export type Step = Effect.Effect<void> | null

export const effectOf = (step: () => Step): Effect.Effect<void> =>
  Effect.suspend(() => step() ?? Effect.void)

/** `next` when `step` is done. */
export const andThen = (step: Step, next: () => Step): Step =>
  step === null ? next() : Effect.andThen(step, effectOf(next))

/** One after the other, each when the one before it is done. */
export const inTurn = <A>(
  items: ReadonlyArray<A>,
  step: (item: A, at: number) => Step,
  from = 0,
): Step => {
  for (let at = from; at < items.length; at++) {
    const rest = step(items[at]!, at)
    if (rest !== null) return andThen(rest, () => inTurn(items, step, at + 1))
  }
  return null
}
