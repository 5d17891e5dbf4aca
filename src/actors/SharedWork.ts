// Which of the waiting tasks ask for the same, and which runs answer more than one task. Every task
// keeps its own place among the waiting: whoever of them is due first takes the others along, so
// nobody waits behind another's place.
import { limits } from "../model/limits.ts"
import type { LiveTask } from "./LiveTask.ts"
import { sameRun } from "./SharedRun.ts"

export class SharedWork {
  /** Waiting tasks by what they ask for, in order of arrival. */
  readonly #same = new Map<string, Set<LiveTask>>()
  /** The runs under way that answer a task beside others. */
  readonly #runs = new Map<LiveTask, LiveTask>()

  /** The task waits. */
  enter(task: LiveTask): void {
    const { workKey } = task.prepared!.waiting
    if (workKey === undefined) return
    const tasks = this.#same.get(workKey)
    if (tasks === undefined) this.#same.set(workKey, new Set([task]))
    else tasks.add(task)
  }

  /** It waits no more. */
  leave(task: LiveTask): void {
    const { workKey } = task.prepared!.waiting
    const tasks = workKey === undefined ? undefined : this.#same.get(workKey)
    if (tasks === undefined) return
    tasks.delete(task)
    if (tasks.size === 0) this.#same.delete(workKey!)
  }

  /** Those that the run of `task`, which waits no more, would answer as well. */
  sameAs({ prepared }: LiveTask): ReadonlyArray<LiveTask> {
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

  /** One run for them all. */
  join(leader: LiveTask, others: ReadonlyArray<LiveTask>): LiveTask {
    return others.length === 0 ? leader : this.begin(sameRun(leader, others))
  }

  begin(run: LiveTask): LiveTask {
    for (const { task } of run.members ?? []) this.#runs.set(task, run)
    return run
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
