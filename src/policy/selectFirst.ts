// The first few tasks of an order without sorting them all: one pass, a short sorted list. With
// thousands waiting and a few lanes free, this is what keeps a decision under a millisecond.
import type { WaitingTask } from "../model/Snapshot.ts"

/** What a policy orders by; ties go by arrival. */
export type SortKey = (task: WaitingTask) => number

/**
 * The `count` first tasks by (key, seq) ascending, in that order; or, for `"last"`, the `count`
 * last ones, the very last first: what popping the right end of the sorted queue gives.
 */
export const selectFirst = (
  tasks: ReadonlyArray<WaitingTask>,
  options: { readonly key: SortKey; readonly end: "first" | "last"; readonly count: number },
): ReadonlyArray<WaitingTask> => {
  const { key, count } = options
  const sign = options.end === "first" ? 1 : -1
  if (count <= 0) return []
  const chosen: Array<WaitingTask> = []
  const keys: Array<number> = []
  // The last of the chosen, once they are all there: most tasks need no more than one comparison.
  let worst = Number.POSITIVE_INFINITY
  // From the end that ties favour, so that a task with the same key as the worst changes nothing.
  for (let i = 0; i < tasks.length; i++) {
    const task = tasks[sign > 0 ? i : tasks.length - 1 - i]!
    const value = sign * key(task)
    if (chosen.length === count) {
      if (value > worst) continue
      if (value === worst && sign * (chosen[count - 1]!.seq - task.seq) <= 0) continue
      chosen.pop()
      keys.pop()
    }
    let at = chosen.length
    while (at > 0 && comesAfter(keys[at - 1]!, chosen[at - 1]!.seq, value, task.seq, sign)) at--
    chosen.splice(at, 0, task)
    keys.splice(at, 0, value)
    worst = keys[keys.length - 1]!
  }
  return chosen
}

const comesAfter = (
  key: number,
  seq: number,
  otherKey: number,
  otherSeq: number,
  sign: number,
): boolean => key > otherKey || (key === otherKey && sign * (seq - otherSeq) > 0)
