// Every task from acceptance to its end: checks each move, ends each task exactly once, tells
// listeners, keeps the records of what has ended.
import { Deferred, Effect } from "effect"
import type { TaskError } from "../model/errors.ts"
import { footprintBytes } from "../model/Plan.ts"
import {
  isTerminal,
  type TaskOutput,
  type TaskRecord,
  type TaskState,
  type TerminalState,
} from "../model/Task.ts"
import { mayMove } from "../model/transitions.ts"
import { History } from "./History.ts"
import type { LiveTask } from "./LiveTask.ts"
import { answeredBy, part } from "./SharedRun.ts"
import type { Stopwatch } from "./Stopwatch.ts"

export type StateListener = (id: string, state: TaskState) => void

/** Within the runtime the task itself is told of as well. */
type TaskListener = (id: string, state: TaskState, task: LiveTask) => void

export type Outcome =
  | { readonly status: "completed"; readonly output: TaskOutput }
  | { readonly status: Exclude<TerminalState, "completed">; readonly reason: TaskError }

export class TaskBook {
  readonly #stopwatch: Stopwatch
  readonly #live = new Map<string, LiveTask>()
  readonly #records: History<TaskRecord>
  readonly #listeners = new Set<TaskListener>()
  #idleWaiters: Array<Deferred.Deferred<void>> = []

  /** `historyTasks`: records of ended tasks that are kept; the oldest go first. */
  constructor(stopwatch: Stopwatch, historyTasks: number) {
    this.#stopwatch = stopwatch
    this.#records = new History(historyTasks)
  }

  get liveCount(): number {
    return this.#live.size
  }

  get dropped(): number {
    return this.#records.dropped
  }

  /** Live tasks in order of arrival. */
  live(): ReadonlyArray<LiveTask> {
    return [...this.#live.values()]
  }

  find(id: string): LiveTask | undefined {
    return this.#live.get(id)
  }

  /** Ended tasks, then live ones as they stand. */
  records(): ReadonlyArray<TaskRecord> {
    return [...this.#records.all(), ...this.live().map((task) => recordOf(task, null, null))]
  }

  listen(listener: TaskListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  add(task: LiveTask): void {
    this.#live.set(task.spec.id, task)
    this.#tell(task)
  }

  /** Where a run answers several tasks, they move with it. */
  move(task: LiveTask, state: Exclude<TaskState, TerminalState>): void {
    if (task.members !== null) this.#enter(task, state)
    for (const each of answeredBy(task)) {
      this.#enter(each, state)
      if (state === "ready") each.readyAtMs ??= this.#stopwatch.nowMs()
      this.#tell(each)
    }
  }

  /** The only way a task ends. Where a run answers several, each ends with its own answer. */
  end(task: LiveTask, outcome: Outcome): void {
    if (task.members === null) {
      this.#end(task, outcome)
      return
    }
    for (const { answer, task: member } of task.members) {
      part(task, member)
      member.prepared = task.prepared
      const own =
        outcome.status === "completed" ? { ...outcome, output: answer(outcome.output) } : outcome
      this.#end(member, own)
    }
  }

  #end(task: LiveTask, outcome: Outcome): void {
    const nowMs = this.#stopwatch.nowMs()
    this.#enter(task, outcome.status)
    task.abort = null
    this.#live.delete(task.spec.id)
    const reason = outcome.status === "completed" ? null : outcome.reason
    const record = recordOf(task, nowMs, reason)
    this.#records.add(record)
    // What is old keeps what it refers to alive until the old are collected: nothing then.
    task.prepared = null
    task.hostMemory = null
    task.runs = []
    task.ops = []
    this.#tell(task)
    Deferred.doneUnsafe(
      task.done,
      outcome.status === "completed"
        ? Effect.succeed({ output: outcome.output, record })
        : Effect.fail(outcome.reason),
    )
    if (this.#live.size > 0) return
    for (const waiter of this.#idleWaiters.splice(0)) Deferred.doneUnsafe(waiter, Effect.void)
  }

  /** Refuses a task that never entered the book (its id may belong to another). */
  refuse(task: LiveTask, reason: TaskError): void {
    this.#enter(task, "rejected")
    this.#records.add(recordOf(task, this.#stopwatch.nowMs(), reason))
    Deferred.doneUnsafe(task.done, Effect.fail(reason))
  }

  /** Settles when no task is live. */
  get idle(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#live.size === 0) return Effect.void
      const waiter = Deferred.makeUnsafe<void>()
      this.#idleWaiters.push(waiter)
      return Deferred.await(waiter)
    })
  }

  #enter(task: LiveTask, state: TaskState): void {
    if (!mayMove(task.state, state)) {
      throw new Error(`task ${task.spec.id}: no move from ${task.state} to ${state}`)
    }
    task.state = state
  }

  #tell(task: LiveTask): void {
    for (const listener of this.#listeners) listener(task.spec.id, task.state, task)
  }
}

const recordOf = (
  task: LiveTask,
  finishedAtMs: number | null,
  reason: TaskError | null,
): TaskRecord => {
  const record = commonRecord(task, finishedAtMs, reason)
  return task.spec.share === false ? { ...record, share: false } : record
}

const commonRecord = (
  task: LiveTask,
  finishedAtMs: number | null,
  reason: TaskError | null,
): TaskRecord => ({
  id: task.spec.id,
  tenant: task.spec.tenant,
  model: task.spec.model,
  graph: task.spec.graph,
  status: task.state,
  reason,
  group: task.group,
  lane: task.lane,
  attempts: task.attempts,
  submittedAtMs: task.submittedAtMs,
  readyAtMs: task.readyAtMs,
  startedAtMs: task.startedAtMs,
  finishedAtMs: isTerminal(task.state) ? finishedAtMs : null,
  deadlineMs: task.spec.deadlineMs,
  priority: task.spec.priority,
  residentBytes: task.plan?.residentBytes ?? null,
  predictedPeakBytes: task.plan === null ? null : footprintBytes(task.plan),
  measuredPeakBytes: task.measuredPeakBytes,
  predictedMs: task.prepared?.waiting.predictedMs ?? task.plan?.predictedMs ?? null,
  ops: task.ops,
  runs: [...task.runs],
  plan: task.plan?.name ?? null,
  sharedWith: task.sharedWith,
})
