// The tasks that are ready to run, in order of arrival, and how a policy sees them. Both arrays are
// kept side by side, so that a snapshot copies nothing: with n tasks a change costs a binary search
// and one move of memory.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { LiveTask } from "./LiveTask.ts"

export class WaitingList {
  readonly #tasks: Array<LiveTask> = []
  readonly #views: Array<WaitingTask> = []

  get tasks(): ReadonlyArray<LiveTask> {
    return this.#tasks
  }

  /** Valid until the next change. */
  get views(): ReadonlyArray<WaitingTask> {
    return this.#views
  }

  add(task: LiveTask): void {
    const at = this.#firstFrom(task.seq)
    this.#tasks.splice(at, 0, task)
    this.#views.splice(at, 0, task.prepared!.waiting)
  }

  /** False when it is not there. */
  remove(task: LiveTask): boolean {
    const at = this.#firstFrom(task.seq)
    if (this.#tasks[at] !== task) return false
    removeAt(this.#tasks, at)
    removeAt(this.#views, at)
    return true
  }

  /** Position of the first task that arrived no earlier than `seq`. */
  #firstFrom(seq: number): number {
    let low = 0
    let high = this.#tasks.length
    // The usual case: it arrived last.
    if (high > 0 && this.#tasks[high - 1]!.seq < seq) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#tasks[middle]!.seq < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The first goes most often, and `shift` moves no memory then. */
const removeAt = (list: Array<unknown>, at: number): void => {
  if (at === 0) list.shift()
  else list.splice(at, 1)
}
