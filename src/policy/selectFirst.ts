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
  for (const task of tasks) {
    const value = sign * key(task)
    const comesAfter = (at: number) =>
      keys[at]! > value || (keys[at] === value && sign * (chosen[at]!.seq - task.seq) > 0)
    if (chosen.length === count) {
      if (!comesAfter(count - 1)) continue
      chosen.pop()
      keys.pop()
    }
    let at = 0
    let end = chosen.length
    while (at < end) {
      const middle = (at + end) >> 1
      if (comesAfter(middle)) end = middle
      else at = middle + 1
    }
    chosen.splice(at, 0, task)
    keys.splice(at, 0, value)
  }
  return chosen
}
