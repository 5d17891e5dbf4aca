// The scheduler: keeps what waits and what runs, asks the policy whenever something may start, and
// hands each started task with its bytes to a lane. It is the only one that starts or ends a run.
import { Effect, type Scope } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import {
  type DeviceError,
  isTransient,
  LaneLost,
  TaskCancelled,
  TaskExpired,
} from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import type { Policy, SchedulingMode } from "../model/Snapshot.ts"
import type { WaitingTasks } from "../model/WaitingTasks.ts"
import { byDue, dueAtMs } from "../policy/edf.ts"
import type { RunOutcome, RunTask } from "./ExecutorActor.ts"
import type { Ledger } from "./Ledger.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { type MergeOptions, runOf } from "./mergeRuns.ts"
import type { RunLog } from "./RunLog.ts"
import { SchedulerState } from "./SchedulerState.ts"
import { answeredBy, noteRun, part } from "./SharedRun.ts"
import type { Stopwatch } from "./Stopwatch.ts"
import type { TaskBook } from "./TaskBook.ts"

type Message =
  | { readonly _tag: "Ready"; readonly task: LiveTask }
  | { readonly _tag: "Dropped"; readonly task: LiveTask }
  | { readonly _tag: "Cancel"; readonly task: LiveTask }
  | { readonly _tag: "Finished"; readonly run: RunTask; readonly outcome: RunOutcome }
  | { readonly _tag: "LaneUp"; readonly lane: number }
  | { readonly _tag: "NoLanes" }

export interface SchedulerOptions {
  readonly mode: SchedulingMode
  readonly policy: Policy
  readonly tenants: ReadonlyArray<TenantInfo>
  readonly profile: DeviceProfile
  /** End tasks whose deadline has passed instead of starting them. */
  readonly expireLate: boolean
  readonly book: TaskBook
  readonly ledger: Ledger
  readonly log: RunLog
  readonly stopwatch: Stopwatch
  readonly merging: MergeOptions
  readonly dispatch: (lane: number, run: RunTask) => Effect.Effect<void>
  readonly onDefect: ActorOptions<never>["onDefect"]
}

export interface SchedulerActor {
  readonly ready: (task: LiveTask) => Effect.Effect<void>
  readonly dropped: (task: LiveTask) => Effect.Effect<void>
  readonly finished: (run: RunTask, outcome: RunOutcome) => Effect.Effect<void>
  /** The lane can take a task: at the start, after each run, after a restart. */
  readonly laneUp: (lane: number) => Effect.Effect<void>
  /** The last lane is gone for good: what waits fails. */
  readonly noLanes: Effect.Effect<void>
}

export const makeScheduler = (
  options: SchedulerOptions,
): Effect.Effect<SchedulerActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scheduler = new Scheduler(options)
    const mailbox = yield* makeActor<Message>({
      name: "scheduler",
      handle: (messages) => scheduler.handle(messages),
      onDefect: options.onDefect,
    })
    scheduler.cancel = (task) => mailbox.tell({ _tag: "Cancel", task })
    return {
      ready: (task) => mailbox.tell({ _tag: "Ready", task }),
      dropped: (task) => mailbox.tell({ _tag: "Dropped", task }),
      finished: (run, outcome) => mailbox.tell({ _tag: "Finished", run, outcome }),
      laneUp: (lane) => mailbox.tell({ _tag: "LaneUp", lane }),
      noLanes: mailbox.tell({ _tag: "NoLanes" }),
    }
  })

class Scheduler {
  readonly #options: SchedulerOptions
  readonly #state: SchedulerState
  #decisions = 0
  #lanesGone = false
  cancel: (task: LiveTask) => Effect.Effect<void> = () => Effect.void

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#state = new SchedulerState(options.mode, options.tenants, options.profile)
  }

  handle(messages: ReadonlyArray<Message>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (const message of messages) yield* this.#take(message)
      if (this.#options.expireLate) yield* this.#expire()
      if (this.#lanesGone) yield* this.#failWaiting()
      else while (yield* this.#decide());
    })
  }

  #take(message: Message): Effect.Effect<void> {
    switch (message._tag) {
      case "Ready":
        return this.#ready(message.task)
      case "Dropped":
        return Effect.sync(() => this.#state.dropped(message.task))
      case "Cancel":
        return this.#cancel(message.task)
      case "Finished":
        return this.#finished(message.run, message.outcome)
      case "LaneUp":
        return Effect.sync(() => this.#state.laneUp(message.lane))
      case "NoLanes":
        return Effect.sync(() => {
          this.#lanesGone = true
        })
    }
  }

  #ready(task: LiveTask): Effect.Effect<void> {
    if (task.cancelRequested) {
      this.#state.dropped(task)
      return this.#endCancelled(task)
    }
    task.abort = this.cancel(task)
    this.#state.ready(task)
    return Effect.void
  }

  /** Of a run that answers others as well, only the last to be cancelled stops it. */
  #cancel(task: LiveTask): Effect.Effect<void> {
    if (this.#state.remove(task)) return this.#endCancelled(task)
    const run = this.#state.shared.runOf(task)
    if (run === null) return Effect.void
    if (run.members!.length > 1) {
      part(run, task)
      this.#state.left(task)
      return this.#endCancelled(task)
    }
    run.cancelRequested = true
    return run.abort === null ? Effect.void : Effect.asVoid(Effect.forkChild(run.abort))
  }

  #finished({ task, holding }: RunTask, outcome: RunOutcome): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const nowMs = this.#options.stopwatch.nowMs()
      const lane = this.#state.finished(task, nowMs)
      const run = task.runs.pop()!
      task.runs.push({ ...run, endedAtMs: nowMs, end: endOf[outcome._tag] })
      yield* this.#options.ledger.release(holding)
      const laneLost = outcome._tag === "Failed" && outcome.reason._tag === "LaneLost"
      if (!laneLost) this.#state.laneUp(lane)
      switch (outcome._tag) {
        case "Completed":
          for (const each of answeredBy(task)) this.#state.shared.forget(each)
          return yield* this.#options.book.end(task, {
            status: "completed",
            output: outcome.output,
          })
        case "Cancelled":
          return yield* this.#endCancelled(task)
        case "Failed":
          return yield* this.#failedRun(task, outcome.reason)
      }
    })
  }

  /** Once more after a transient fault, else failed with the reason. */
  #failedRun(
    task: LiveTask,
    reason: DeviceError,
    mayPass = isTransient(reason),
  ): Effect.Effect<void> {
    if (task.members !== null) return this.#failedShared(task, reason)
    if (!mayPass || task.attempts > limits.maxRetries || task.cancelRequested) {
      return this.#options.book.end(task, { status: "failed", reason })
    }
    return Effect.suspend(() => {
      task.attempts++
      task.sharedWith = null
      task.plan = task.prepared!.plan
      this.#options.book.move(task, "queued")
      this.#options.book.move(task, "preparing")
      this.#options.book.move(task, "ready")
      return this.#ready(task)
    })
  }

  /** Whoever did not run alone tries again: another may have been the cause. */
  #failedShared(run: LiveTask, reason: DeviceError): Effect.Effect<void> {
    const again = (member: LiveTask) => {
      part(run, member)
      this.#state.shared.forget(member)
      const mayPass = member.sharedWith !== null || member.prepared !== run.prepared
      return this.#failedRun(member, reason, mayPass || isTransient(reason))
    }
    return Effect.forEach(answeredBy(run), again, { discard: true })
  }

  #endCancelled(run: LiveTask): Effect.Effect<void> {
    const end = (task: LiveTask) => {
      if (run !== task) part(run, task)
      this.#state.shared.forget(task)
      const reason = new TaskCancelled({ id: task.spec.id, state: task.state })
      return this.#options.book.end(task, { status: "cancelled", reason })
    }
    return Effect.forEach(answeredBy(run), end, { discard: true })
  }

  #expire(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const nowMs = this.#options.stopwatch.nowMs()
      for (const { id, deadlineMs } of overdue(this.#state.waiting, nowMs)) {
        const task = this.#options.book.find(id)!
        this.#state.remove(task)
        const reason = new TaskExpired({ id, deadlineMs, nowMs })
        yield* this.#options.book.end(task, { status: "expired", reason })
      }
    })
  }

  #failWaiting(): Effect.Effect<void> {
    return Effect.forEach(
      [...this.#state.waiting],
      ({ id }) => {
        const task = this.#options.book.find(id)!
        this.#state.remove(task)
        const reason = new LaneLost({ lane: task.lane ?? 0, transient: false })
        return this.#options.book.end(task, { status: "failed", reason })
      },
      { discard: true },
    )
  }

  /** True when a start failed, or answers several: what it left may go to another task at once. */
  #decide(): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const { book, ledger, log, merging, policy, stopwatch } = this.#options
      if (!this.#state.mayDecide(() => unsettledSeqs(book))) return false
      const snapshot = this.#state.snapshot(ledger.view())
      const nowMs = stopwatch.nowMs()
      const waiting = snapshot.waiting.length
      const decision = policy(snapshot, nowMs)
      const decideMs = stopwatch.nowMs() - nowMs
      const number = decision.start.length > 0 ? ++this.#decisions : this.#decisions
      log.decide({
        ...decision,
        atMs: nowMs,
        number,
        waiting,
        running: snapshot.running.length,
        freeBytes: ledger.freeBytes,
        decideMs,
      })
      const started = decision.start.map((id) => book.find(id)!)
      const parties = this.#state.take(started)
      let again = false
      for (const [at, party] of parties.entries()) {
        const similar = this.#state.shared.similarTo(party.leader)
        const next = parties.slice(at + 1)
        const run = yield* runOf(merging, party, { similar, next, memory: ledger.view() })
        this.#state.begin(run)
        again ||= run.members !== null
        again = !(yield* this.#start(run, number)) || again
      }
      return again
    })
  }

  #start(task: LiveTask, group: number): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const { book, dispatch, ledger, stopwatch } = this.#options
      const acquired = yield* Effect.result(ledger.acquire(task, task.prepared!))
      const nowMs = stopwatch.nowMs()
      book.move(task, "running")
      task.group = group
      task.startedAtMs = nowMs
      task.abort = null
      if (acquired._tag === "Failure") {
        yield* this.#failedRun(task, acquired.failure)
        this.#state.notStarted(task)
        return false
      }
      const { uploads } = acquired.success.placement
      const loadBytes = uploads.reduce((sum, { bytes }) => sum + bytes, 0)
      const lane = this.#state.started(task, nowMs, loadBytes)
      task.lane = lane
      const run = { lane, group, startedAtMs: nowMs, endedAtMs: null, preemptedBy: null }
      task.runs.push({ ...run, end: "running" })
      for (const member of task.members ?? []) noteRun(task, member.task)
      yield* dispatch(lane, { task, holding: acquired.success })
      return true
    })
  }
}

const endOf = { Completed: "completed", Cancelled: "cancelled", Failed: "failed" } as const

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

function* unsettledSeqs(book: TaskBook): Generator<number> {
  for (const task of book.live()) {
    if (task.state === "queued" || task.state === "preparing") yield task.seq
  }
}
