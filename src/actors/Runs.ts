// The runs under way: each begins with its memory and a lane, is written down in its task's record, and
// ends once, giving its lane back. It knows which of them are being stopped, and for whom.
import { Result } from "effect"
import { StopSignal } from "../device/StopSignal.ts"
import type { DeviceError } from "../model/errors.ts"
import { opEndsMs } from "../model/planWork.ts"
import type { Stoppable } from "../model/Snapshot.ts"
import type { TaskRun } from "../model/Task.ts"
import { dueAtMs, turnAtMs } from "../policy/edf.ts"
import type { RunOutcome, RunTask } from "./ExecutorActor.ts"
import type { Ledger } from "./Ledger.ts"
import type { LiveTask } from "./LiveTask.ts"
import { waitingOf } from "./PausedTask.ts"
import { Preemptions } from "./Preemptions.ts"
import { byPlan } from "./PreparedTask.ts"
import type { SchedulerState } from "./SchedulerState.ts"
import { noteRun } from "./SharedRun.ts"
import type { Stopwatch } from "./Stopwatch.ts"
import type { TaskBook } from "./TaskBook.ts"

export interface RunsOptions {
  readonly book: TaskBook
  readonly ledger: Ledger
  readonly stopwatch: Stopwatch
  readonly dispatch: (lane: number, run: RunTask) => void
}

export class Runs {
  readonly #options: RunsOptions
  readonly #state: SchedulerState
  readonly preemptions = new Preemptions()

  constructor(options: RunsOptions, state: SchedulerState) {
    this.#options = options
    this.#state = state
  }

  /**
   * Starts a task with one of its plans, or lets it go on with the one it has; null when it did. It is
   * running also when no memory was found: nothing is taken then.
   */
  begin(task: LiveTask, group: number, plan = 0): DeviceError | null {
    if (plan > 0) task.prepared = byPlan(task.prepared!, plan)
    task.plan = task.prepared!.plan
    const { book, dispatch, ledger, stopwatch } = this.#options
    const { pause } = task
    const acquired =
      pause === null
        ? ledger.acquire(task.spec.id, task.prepared!)
        : Result.succeed(ledger.resume(pause.holding))
    const nowMs = stopwatch.nowMs()
    book.move(task, "running")
    task.abort = null
    if (pause === null) {
      task.group = group
      task.startedAtMs = nowMs
    }
    if (Result.isFailure(acquired)) return acquired.failure
    const holding = acquired.success
    const firstOp = pause?.firstOp ?? 0
    const uploads = pause === null ? holding.placement.uploads : []
    const waitsForLoads = !ledger.isLoaded(task.prepared!.residents)
    const { arena } = holding.placement
    // Who is answered beside others cannot wait elsewhere for the rest of a run.
    const stop = task.members === null ? stoppable(task, firstOp) : null
    const lane = this.#state.started(task, nowMs, { arena, uploads, waitsForLoads, stop })
    task.lane = lane
    task.pause = null
    task.runs.push(runFrom(nowMs, lane, group))
    const run = { task, holding, firstOp, stop: new StopSignal() }
    for (const member of task.members ?? []) noteRun(task, member.task)
    this.preemptions.started(run)
    dispatch(lane, run)
    return null
  }

  /** It has left its lane, which is free again unless it was lost. */
  end(run: RunTask, outcome: RunOutcome): void {
    const { task } = run
    const nowMs = this.#options.stopwatch.nowMs()
    const urgent = this.preemptions.ended(run)
    const preempted = outcome._tag === "Preempted"
    const last = task.runs.pop()!
    const preemptedBy = preempted ? (urgent?.spec.id ?? null) : null
    task.runs.push({ ...last, endedAtMs: nowMs, end: endOf[outcome._tag], preemptedBy })
    const lane = this.#state.finished(task, nowMs)
    const laneLost = outcome._tag === "Failed" && outcome.reason._tag === "LaneLost"
    if (!laneLost) this.#state.laneUp(lane)
  }

  /** Asks a run to give its lane to `urgent`. */
  stop(id: string, urgent: LiveTask): void {
    this.preemptions.stop(id, urgent)
    this.#state.stopping(id, urgent.spec.id)
  }
}

const runFrom = (startedAtMs: number, lane: number, group: number): TaskRun => ({
  lane,
  group,
  startedAtMs,
  loadedAtMs: null,
  endedAtMs: null,
  end: "running",
  preemptedBy: null,
})

const endOf = {
  Completed: "completed",
  Cancelled: "cancelled",
  Failed: "failed",
  Preempted: "preempted",
} as const

const stoppable = (task: LiveTask, firstOp: number): Stoppable => {
  const waiting = waitingOf(task)
  return {
    opEndsMs: opEndsMs(task.prepared!.plan),
    firstOp,
    dueAtMs: dueAtMs(waiting),
    turnAtMs: turnAtMs(waiting),
    predictedP95Ms: waiting.predictedP95Ms,
    priority: task.spec.priority,
    preemptions: task.runs.filter(({ end }) => end === "preempted").length,
    stoppingFor: null,
  }
}
