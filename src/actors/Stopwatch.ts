// Milliseconds since the runtime was opened, from Effect's monotonic clock: virtual in tests.
import { Clock, Effect } from "effect"

export interface Stopwatch {
  readonly nowMs: Effect.Effect<number>
}

export const makeStopwatch: Effect.Effect<Stopwatch> = Effect.gen(function* () {
  const openedAt = yield* Clock.monotonicTimeNanos
  return {
    nowMs: Effect.map(Clock.monotonicTimeNanos, (now) => Number(now - openedAt) / 1e6),
  }
})
