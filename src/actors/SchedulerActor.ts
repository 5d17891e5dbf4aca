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
import type { RunningTask, SchedulingMode } from "../model/Snapshot.ts"
import type { WaitingTasks } from "../model/WaitingTasks.ts"
import { byDue, dueAtMs } from "../policy/edf.ts"
import { Decider, type DeciderOptions } from "./Decider.ts"
import type { RunOutcome, RunTask } from "./ExecutorActor.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { type MergeOptions, runOf } from "./mergeRuns.ts"
import { pauseOf } from "./PausedTask.ts"
import { byPlan } from "./PreparedTask.ts"
import { Runs, type RunsOptions } from "./Runs.ts"
import { SchedulerState } from "./SchedulerState.ts"
import { answeredBy, part } from "./SharedRun.ts"
import type { Outcome } from "./TaskBook.ts"

type Message =
  | { readonly _tag: "Ready"; readonly task: LiveTask }
  | { readonly _tag: "Dropped"; readonly task: LiveTask }
  | { readonly _tag: "Cancel"; readonly task: LiveTask }
  | { readonly _tag: "Finished"; readonly run: RunTask; readonly outcome: RunOutcome }
  | { readonly _tag: "LaneUp"; readonly lane: number }
  | { readonly _tag: "NoLanes" }

export interface SchedulerOptions extends DeciderOptions {
  readonly mode: SchedulingMode
  readonly tenants: ReadonlyArray<TenantInfo>
  readonly profile: DeviceProfile
  /** End tasks whose deadline has passed instead of starting them. */
  readonly expireLate: boolean
  readonly merging: MergeOptions
  readonly dispatch: RunsOptions["dispatch"]
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
  /** What is on the lanes now, and how far it has come. */
  readonly running: () => ReadonlyArray<RunningTask>
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
      running: () => scheduler.running,
    }
  })

class Scheduler {
  readonly #options: SchedulerOptions
  readonly #state: SchedulerState
  readonly #runs: Runs
  readonly #decider: Decider
  #lanesGone = false
  cancel: (task: LiveTask) => Effect.Effect<void> = () => Effect.void

  constructor(options: SchedulerOptions) {
    this.#options = options
    const { budgetBytes } = options.ledger.view()
    const { merging, mode, profile, tenants } = options
    const progressOf = (run: RunningTask) => merging.times.progressOf(run)
    this.#state = new SchedulerState(mode, tenants, profile, {
      budgetBytes,
      progressOf,
      firm: options.expireLate,
    })
    this.#runs = new Runs(options, this.#state)
    this.#decider = new Decider(options, this.#state, this.#runs)
  }

  get running(): ReadonlyArray<RunningTask> {
    return this.#state.runs
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

  #finished(run: RunTask, outcome: RunOutcome): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { holding, task } = run
      this.#runs.end(run, outcome)
      if (outcome._tag === "Preempted" && !task.cancelRequested) {
        task.pause = pauseOf(task.prepared!, holding, outcome.opsDone)
        this.#options.book.move(task, "ready")
        return yield* this.#ready(task)
      }
      yield* this.#options.ledger.release(holding)
      switch (outcome._tag) {
        case "Completed":
          for (const each of answeredBy(task)) this.#state.shared.forget(each)
          return yield* this.#options.book.end(task, {
            status: "completed",
            output: outcome.output,
          })
        case "Cancelled":
        case "Preempted":
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
      task.prepared = byPlan(task.prepared!, 0)
      task.plan = task.prepared.plan
      task.sharedWith = null
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
      const differed = member.prepared!.scope !== run.prepared!.scope
      const mayPass = member.sharedWith !== null || differed || isTransient(reason)
      return this.#failedRun(member, reason, mayPass)
    }
    return Effect.forEach(answeredBy(run), again, { discard: true })
  }

  #endCancelled(run: LiveTask): Effect.Effect<void> {
    const end = (task: LiveTask) => {
      if (run !== task) part(run, task)
      this.#state.shared.forget(task)
      const reason = new TaskCancelled({ id: task.spec.id, state: task.state })
      return this.#end(task, { status: "cancelled", reason })
    }
    return Effect.forEach(answeredBy(run), end, { discard: true })
  }

  /** Of a task that is on no lane: it may hold memory all the same. */
  #end(task: LiveTask, outcome: Outcome): Effect.Effect<void> {
    const { pause } = task
    task.pause = null
    const ended = this.#options.book.end(task, outcome)
    return pause === null
      ? ended
      : Effect.andThen(this.#options.ledger.release(pause.holding), ended)
  }

  #expire(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const nowMs = this.#options.stopwatch.nowMs()
      for (const { id, deadlineMs } of overdue(this.#state.waiting, nowMs)) {
        const task = this.#options.book.find(id)!
        this.#state.remove(task)
        const reason = new TaskExpired({ id, deadlineMs, nowMs })
        yield* this.#end(task, { status: "expired", reason })
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
        return this.#end(task, { status: "failed", reason })
      },
      { discard: true },
    )
  }

  /** True when there may be more to decide at once: also what a failed start, or company, leaves. */
  #decide(): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const { ledger, merging } = this.#options
      const decided = this.#decider.next()
      let { again } = decided
      for (const [at, { group, party }] of decided.start.entries()) {
        const similar = this.#state.shared.similarTo(party.leader)
        const next = decided.start.slice(at + 1).map((start) => start.party)
        const run = yield* runOf(merging, party, { similar, next, memory: ledger.view() })
        this.#state.begin(run)
        again ||= run.members !== null
        again = !(yield* this.#start(run, group, party.plan)) || again
      }
      return again
    })
  }

  #start(task: LiveTask, group: number, plan: number): Effect.Effect<boolean> {
    const answered = answeredBy(task)
    const failed = (reason: DeviceError) =>
      Effect.andThen(
        this.#failedRun(task, reason),
        Effect.sync(() => this.#state.notStarted(answered)),
      )
    return this.#runs.begin(task, group, plan).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.succeed(true),
        onFailure: (reason) => Effect.as(failed(reason), false),
      }),
    )
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
