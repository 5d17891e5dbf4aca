// Whose target is lost if another task runs first: of what is due, turn by turn, those that
// can all be met (Moore's rule), against the same behind the other.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { Concurrency } from "./concurrency.ts"
import { type Busy, LaneLine, type TimedTask } from "./LaneLine.ts"
import { sparePart } from "./patience.ts"
import type { TenantShares } from "./TenantShares.ts"

/** A task and when it is due; one that runs first need not be. */
export interface Due extends TimedTask {
  readonly task: WaitingTask
  /** Infinite without a deadline. */
  readonly dueAtMs: number
}

export interface DueOptions {
  readonly busy: Busy
  readonly concurrency: Concurrency
  readonly shares: TenantShares
}

/**
 * The first of `due` to be met, where `first` before them all makes one of them late; null where none is at
 * risk. `due`: those that can still be met, turn by turn; `first` may be one of them.
 */
export const endangeredBy = (
  first: Due,
  due: ReadonlyArray<Due>,
  { busy, concurrency, shares }: DueOptions,
): WaitingTask | null => {
  const line = new LaneLine([...due, first], busy, concurrency)
  // Behind fewer nobody ends later: whom all of them do not delay, no part of them does.
  if (!delays(first, due, line)) return null
  const kept = keptOf(due, line, shares)
  if (kept.length < due.length && !delays(first, kept, line)) return null
  return kept[0]?.task ?? null
}

/** By deadline, those that can all be met: the dearest per weight goes, until the rest can. */
const keptOf = (
  due: ReadonlyArray<Due>,
  line: LaneLine,
  shares: TenantShares,
): ReadonlyArray<Due> => {
  const kept: Array<Due> = []
  let place = line.place()
  for (const task of due) {
    kept.push(task)
    if (place(task) <= task.dueAtMs) continue
    const dearness = kept.map(({ runMs, task: { tenant } }) => runMs / shares.weightOf(tenant))
    kept.splice(dearness.indexOf(Math.max(...dearness)), 1)
    place = line.place()
    for (const other of kept) place(other)
  }
  return kept
}

/** Whether `first` before them all makes one of them late. */
const delays = (first: Due, due: ReadonlyArray<Due>, line: LaneLine): boolean => {
  const place = line.place()
  place(first)
  for (const other of due) {
    if (other.task === first.task) continue
    if (place(other) > other.dueAtMs - sparePart * (other.task.qosTargetMs ?? 0)) return true
  }
  return false
}
