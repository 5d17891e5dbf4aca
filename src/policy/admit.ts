// Whether a deadline can be promised. The promises that were given are run, in thought, in the order of
// their deadlines on as many lanes as serve their demands best, each as slow as so many make it; the newcomer takes its
// place among them. It is promised when it ends in time and nobody who would else be in time ends late.
import type { Concurrency } from "./concurrency.ts"
import { type Busy, LaneLine, type TimedTask } from "./LaneLine.ts"

export interface Promised extends TimedTask {
  readonly dueAtMs: number
  /** `runMs` may be on the safe side; a promise counts as lost only when this would end too late. */
  readonly medianMs: number
}

export interface Load extends Busy {
  /** Promises that have not begun, by deadline. */
  readonly promises: ReadonlyArray<Promised>
  readonly concurrency: Concurrency
}

/**
 * The earliest end that can be promised to `task`, or that there is room for it at all: after every
 * promise that its coming earlier would break. `task.dueAtMs` does not count. In milliseconds of the
 * load's clock. Time O(p n) for n promises of which the newcomer would break p.
 */
export const earliestFinishMs = (task: Promised, load: Load): number => {
  const { concurrency, nowMs, promises } = load
  const line = new LaneLine([...promises, task], load, concurrency)
  // Behind those whose own deadline comes first, as it would stand in line with its own.
  let place = 0
  for (;;) {
    const order = [...promises.slice(0, place), task, ...promises.slice(place)]
    const ends = line.endsOf(order)
    let broken = -1
    for (let at = place; at < promises.length; at++) {
      const { dueAtMs, medianMs } = promises[at]!
      if (ends[at + 1]! > dueAtMs && nowMs + medianMs <= dueAtMs) broken = at
    }
    if (broken < 0) return ends[place]!
    place = broken + 1
  }
}
