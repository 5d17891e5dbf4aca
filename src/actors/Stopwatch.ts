// Milliseconds since the runtime was opened, from the Clock it was opened with: virtual in tests and
// in simulations. Read without an effect, since every message of every actor asks for it.
import { Clock, Effect } from "effect"

export interface Stopwatch {
  /** Monotonic. */
  readonly nowMs: () => number
}

export const makeStopwatch: Effect.Effect<Stopwatch> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const openedAt = clock.monotonicTimeNanosUnsafe()
  let lastNanos = openedAt
  let lastMs = 0
  return {
    nowMs: () => {
      const nanos = clock.monotonicTimeNanosUnsafe()
      // Virtual time stands still for many messages.
      if (nanos === lastNanos) return lastMs
      lastNanos = nanos
      lastMs = Number(nanos - openedAt) / 1e6
      return lastMs
    },
  }
})
