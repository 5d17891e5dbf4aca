// The scheduler: keeps what waits and what runs, asks the policy whenever something may start, and
// hands each started task with its bytes to a lane. It is the only one that starts or ends a run.
import { Effect, type Scope } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import type { RunningTask, SchedulingMode } from "../model/Snapshot.ts"
import { Decider, type DeciderOptions, type Start } from "./Decider.ts"
import type { RunOutcome, RunTask } from "./ExecutorActor.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { type MergeOptions, runOf, withoutCompany } from "./mergeRuns.ts"
import { pauseOf } from "./PausedTask.ts"
import { Runs, type RunsOptions } from "./Runs.ts"
import { SchedulerState } from "./SchedulerState.ts"
import { answeredBy, part } from "./SharedRun.ts"
import { andThen, effectOf, inTurn, type Step } from "./Step.ts"
import { TaskEnds } from "./TaskEnds.ts"

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
  readonly ready: (task: LiveTask) => Step
  readonly dropped: (task: LiveTask) => Step
  readonly finished: (run: RunTask, outcome: RunOutcome) => Step
  /** The lane can take a task: at the start, after each run, after a restart. */
  readonly laneUp: (lane: number) => Step
  /** The last lane is gone for good: what waits fails. */
  readonly noLanes: () => Step
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
      noLanes: () => mailbox.tell({ _tag: "NoLanes" }),
      running: () => scheduler.running,
    }
  })

class Scheduler {
  readonly #options: SchedulerOptions
  readonly #state: SchedulerState
  readonly #runs: Runs
  readonly #decider: Decider
  readonly #ends: TaskEnds
  #lanesGone = false
  cancel: (task: LiveTask) => Step = () => null

  constructor(options: SchedulerOptions) {
    this.#options = options
    const { budgetBytes } = options.ledger.view()
    const { merging, mode, profile, tenants } = options
    const { times } = merging
    this.#state = new SchedulerState(mode, tenants, profile, {
      budgetBytes,
      overheadMs: () => times.overheadMs,
      progressOf: (run) => times.progressOf(run),
      watch: (run) => times.watch(run),
      firm: options.expireLate,
    })
    this.#runs = new Runs(options, this.#state)
    this.#decider = new Decider(options, this.#state, this.#runs)
    this.#ends = new TaskEnds(options, this.#state, (task) => this.#ready(task))
  }

  readonly #abort = (task: LiveTask): Effect.Effect<void> => effectOf(() => this.cancel(task))

  get running(): ReadonlyArray<RunningTask> {
    return this.#state.runs
  }

  /** What never was ready changes nothing for those that are, unless a group waits for it. */
  handle(messages: ReadonlyArray<Message>): Step {
    const changesNothing =
      this.#options.mode === "continuous" && messages.every(({ _tag }) => _tag === "Dropped")
    if (changesNothing) return null
    return andThen(inTurn(messages, this.#take), () => {
      if (this.#options.expireLate) this.#ends.expireOverdue()
      if (!this.#lanesGone) return this.#decide()
      this.#ends.failWaiting()
      return null
    })
  }

  readonly #take = (message: Message): Step => {
    switch (message._tag) {
      case "Ready":
        this.#ready(message.task)
        return null
      case "Dropped":
        this.#state.dropped(message.task)
        return null
      case "Cancel":
        return this.#cancel(message.task)
      case "Finished":
        this.#finished(message.run, message.outcome)
        return null
      case "LaneUp":
        this.#state.laneUp(message.lane)
        return null
      case "NoLanes":
        this.#lanesGone = true
        return null
    }
  }

  #ready(task: LiveTask): void {
    if (task.cancelRequested) {
      this.#state.dropped(task)
      this.#ends.cancelled(task)
      return
    }
    task.abort = this.#abort
    this.#state.ready(task)
  }

  /** Of a run that answers others as well, only the last to be cancelled stops it. */
  #cancel(task: LiveTask): Step {
    if (this.#state.remove(task)) {
      this.#ends.cancelled(task)
      return null
    }
    const run = this.#state.shared.runOf(task)
    if (run === null) return null
    if (run.members!.length > 1) {
      part(run, task)
      this.#state.left(task)
      this.#ends.cancelled(task)
      return null
    }
    run.cancelRequested = true
    // Detached: it waits for an operator boundary, and nobody here for it.
    return run.abort === null ? null : Effect.asVoid(Effect.forkDetach(run.abort(run)))
  }

  #finished(run: RunTask, outcome: RunOutcome): void {
    const { holding, task } = run
    const { book, ledger } = this.#options
    this.#runs.end(run, outcome)
    if (outcome._tag === "Preempted" && !task.cancelRequested) {
      task.pause = pauseOf(task.prepared!, holding, outcome.opsDone)
      book.move(task, "ready")
      this.#ready(task)
      return
    }
    ledger.release(holding)
    switch (outcome._tag) {
      case "Completed":
        for (const each of answeredBy(task)) this.#state.shared.forget(each)
        book.end(task, { status: "completed", output: outcome.output })
        break
      case "Cancelled":
      case "Preempted":
        this.#ends.cancelled(task)
        break
      case "Failed":
        this.#ends.failed(task, outcome.reason)
    }
  }

  /** Until there is nothing more to decide: a failed start, or company, may leave something. */
  #decide(): Step {
    for (;;) {
      const { again, start } = this.#decider.next()
      const round = { again }
      const starting = inTurn(start, (_, at) => this.#startAt(start, at, round))
      if (starting !== null) return andThen(starting, () => (round.again ? this.#decide() : null))
      if (!round.again) return null
    }
  }

  /** Makes `round.again` true where there may be more to decide at once. */
  #startAt(starts: ReadonlyArray<Start>, at: number, round: { again: boolean }): Step {
    const { ledger, merging } = this.#options
    const { group, party } = starts[at]!
    const begin = (run: LiveTask) => {
      this.#state.begin(run)
      const started = this.#start(run, group, party.plan)
      round.again ||= run.members !== null || !started
    }
    const similar = this.#state.shared.similarTo(party.leader)
    if (similar === null || party.plan > 0) {
      begin(withoutCompany(party))
      return null
    }
    const next = starts.slice(at + 1).map((start) => start.party)
    return Effect.map(runOf(merging, party, { similar, next, memory: ledger.view() }), begin)
  }

  #start(task: LiveTask, group: number, plan: number): boolean {
    const answered = answeredBy(task)
    const reason = this.#runs.begin(task, group, plan)
    if (reason === null) return true
    this.#ends.failed(task, reason)
    this.#state.notStarted(answered)
    return false
  }
}
