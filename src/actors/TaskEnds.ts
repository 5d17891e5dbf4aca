// How tasks end that the scheduler has, other than well: failed, unless they are tried again, cancelled or
// expired. What they hold is given back, and no run answers them any more.
import {
  type DeviceError,
  isTransient,
  LaneLost,
  TaskCancelled,
  TaskExpired,
} from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import type { WaitingTasks } from "../model/WaitingTasks.ts"
import { byDue, dueAtMs } from "../policy/edf.ts"
import type { Ledger } from "./Ledger.ts"
import type { LiveTask } from "./LiveTask.ts"
import { byPlan } from "./PreparedTask.ts"
import type { SchedulerState } from "./SchedulerState.ts"
import { answeredBy, part } from "./SharedRun.ts"
import type { Stopwatch } from "./Stopwatch.ts"
import type { Outcome, TaskBook } from "./TaskBook.ts"

export interface TaskEndsOptions {
  readonly book: TaskBook
  readonly ledger: Ledger
  readonly stopwatch: Stopwatch
}

export class TaskEnds {
  readonly #options: TaskEndsOptions
  readonly #state: SchedulerState
  readonly #tryAgain: (task: LiveTask) => void

  /** `tryAgain`: the task is ready once more. */
  constructor(options: TaskEndsOptions, state: SchedulerState, tryAgain: (task: LiveTask) => void) {
    this.#options = options
    this.#state = state
    this.#tryAgain = tryAgain
  }

  /** Once more after a transient fault, else failed with the reason. */
  failed(task: LiveTask, reason: DeviceError, mayPass = isTransient(reason)): void {
    const { book } = this.#options
    if (task.members !== null) {
      this.#failedShared(task, reason)
      return
    }
    if (!mayPass || task.attempts > limits.maxRetries || task.cancelRequested) {
      book.end(task, { status: "failed", reason })
      return
    }
    task.attempts++
    task.prepared = byPlan(task.prepared!, 0)
    task.plan = task.prepared.plan
    task.sharedWith = null
    book.move(task, "queued")
    book.move(task, "preparing")
    book.move(task, "ready")
    this.#tryAgain(task)
  }

  /** Whoever did not run alone tries again: another may have been the cause. */
  #failedShared(run: LiveTask, reason: DeviceError): void {
    for (const member of answeredBy(run)) {
      part(run, member)
      this.#state.shared.forget(member)
      const differed = member.prepared!.scope !== run.prepared!.scope
      const mayPass = member.sharedWith !== null || differed || isTransient(reason)
      this.failed(member, reason, mayPass)
    }
  }

  cancelled(run: LiveTask): void {
    for (const task of answeredBy(run)) {
      if (run !== task) part(run, task)
      this.#state.shared.forget(task)
      const reason = new TaskCancelled({ id: task.spec.id, state: task.state })
      this.#end(task, { status: "cancelled", reason })
    }
  }

  /** Of those that wait, whose deadline has passed. */
  expireOverdue(): void {
    const nowMs = this.#options.stopwatch.nowMs()
    for (const { id, deadlineMs } of overdue(this.#state.waiting, nowMs)) {
      const task = this.#options.book.find(id)!
      this.#state.remove(task)
      this.#end(task, { status: "expired", reason: new TaskExpired({ id, deadlineMs, nowMs }) })
    }
  }

  /** No lane will ever take them. */
  failWaiting(): void {
    for (const { id } of [...this.#state.waiting]) {
      const task = this.#options.book.find(id)!
      this.#state.remove(task)
      const reason = new LaneLost({ lane: task.lane ?? 0, transient: false })
      this.#end(task, { status: "failed", reason })
    }
  }

  /** Of a task that is on no lane: it may hold memory all the same. */
  #end(task: LiveTask, outcome: Outcome): void {
    const { pause } = task
    task.pause = null
    if (pause !== null) this.#options.ledger.release(pause.holding)
    this.#options.book.end(task, outcome)
  }
}

interface Overdue {
  readonly id: string
  readonly deadlineMs: number
}

const overdue = (waiting: WaitingTasks, nowMs: number): ReadonlyArray<Overdue> => {
  const late: Array<Overdue> = []
  for (const task of waiting.ordered(byDue)) {
    const deadlineMs = dueAtMs(task)
    if (deadlineMs >= nowMs) break
    late.push({ id: task.id, deadlineMs })
  }
  return late
}
