// Which of the waiting tasks ask for the same, and which runs answer more than one task. Every task
// keeps its own place among the waiting: whoever of them is due first takes the others along, so
// nobody waits behind another's place.
import { limits } from "../model/limits.ts"
import type { LiveTask } from "./LiveTask.ts"

type Tasks = Map<string, Set<LiveTask>>

const put = (tasks: Tasks, key: string | null, task: LiveTask): void => {
  if (key === null) return
  const known = tasks.get(key)
  if (known === undefined) tasks.set(key, new Set([task]))
  else known.add(task)
}

const drop = (tasks: Tasks, key: string | null, task: LiveTask): void => {
  const known = key === null ? undefined : tasks.get(key)
  if (known === undefined) return
  known.delete(task)
  if (known.size === 0) tasks.delete(key!)
}

export class SharedWork {
  /** Waiting tasks by what they ask for, and by whom they may join, in the order they came in. */
  readonly #same = new Map<string, Set<LiveTask>>()
  readonly #similar = new Map<string, Set<LiveTask>>()
  /** The runs under way that answer a task beside others. */
  readonly #runs = new Map<LiveTask, LiveTask>()

  /** The task waits, holding nothing. One that is tried again joins only those that ask for the same. */
  enter(task: LiveTask): void {
    const { merge, waiting } = task.prepared!
    put(this.#same, waiting.workKey ?? null, task)
    if (task.attempts <= 1) put(this.#similar, merge.joins, task)
  }

  /** It waits no more. */
  leave(task: LiveTask): void {
    const { merge, waiting } = task.prepared!
    drop(this.#same, waiting.workKey ?? null, task)
    drop(this.#similar, merge.joins, task)
  }

  /** Those that may join the run of `task`, or null. */
  similarTo(task: LiveTask): ReadonlySet<LiveTask> | null {
    const { takes } = task.prepared!.merge
    const alone = takes === null || task.attempts > 1 || task.pause !== null
    return alone ? null : (this.#similar.get(takes) ?? null)
  }

  /** Those that the run of `task`, which waits no more, would answer as well. */
  sameAs({ pause, prepared }: LiveTask): ReadonlyArray<LiveTask> {
    if (pause !== null) return []
    const { plan, waiting } = prepared!
    const tasks = this.#same.get(waiting.workKey ?? "")
    if (tasks === undefined) return []
    const answerBytes = Math.max(1, 4 * plan.output.rows * plan.output.cols)
    const most = Math.min(
      limits.sharedTasks - 1,
      Math.floor(limits.sharedAnswerBytes / answerBytes),
    )
    return [...tasks].slice(0, most)
  }

  /** A run begins. */
  begin(run: LiveTask): void {
    for (const { task } of run.members ?? []) {
      task.sharedWith = task.spec.id === run.spec.id ? null : run.spec.id
      this.#runs.set(task, run)
    }
  }

  /** The run that answers the task beside others; null when it runs, or waits, by itself. */
  runOf(task: LiveTask): LiveTask | null {
    return this.#runs.get(task) ?? null
  }

  /** No run answers it any more. */
  forget(task: LiveTask): void {
    this.#runs.delete(task)
  }
}
