// A clock that wakes whoever asks without a fiber, as virtual time can: simulated runs end by the million.
import { type Clock, Effect } from "effect"

export interface AlarmClock extends Clock.Clock {
  /** Calls back once, `afterMs` from now. */
  readonly alarm: (afterMs: number, ring: () => void) => void
}

const isAlarmClock = (clock: Clock.Clock): clock is AlarmClock => "alarm" in clock

/** The clock's own way, or a fiber of `fork` that sleeps. */
export const alarmOf = (
  clock: Clock.Clock,
  fork: (effect: Effect.Effect<void>) => void,
): AlarmClock["alarm"] =>
  isAlarmClock(clock)
    ? clock.alarm
    : (afterMs, ring) => fork(Effect.andThen(Effect.sleep(afterMs), Effect.sync(ring)))
