// Asks the policy what to start, or whom to stop, whenever there may be something to decide, and keeps the
// log of what was said and why.
import type { DecisionRecord } from "../model/RunReport.ts"
import type { Decision, Policy, Preempt, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { canWait } from "../policy/canWait.ts"
import { dueTasks } from "../policy/dueTasks.ts"
import { turnAtMs } from "../policy/edf.ts"
import { fillDefaults, fillGroup } from "../policy/fillGroup.ts"
import { letGoOn } from "../policy/goOn.ts"
import { preemptForTargets } from "../policy/preempt.ts"
import type { Ledger } from "./Ledger.ts"
import type { LiveTask, Party } from "./LiveTask.ts"
import { waitingOf } from "./PausedTask.ts"
import type { RunLog } from "./RunLog.ts"
import type { Runs } from "./Runs.ts"
import type { SchedulerState } from "./SchedulerState.ts"
import type { Stopwatch } from "./Stopwatch.ts"
import type { TaskBook } from "./TaskBook.ts"

export interface DeciderOptions {
  readonly policy: Policy
  readonly preempt: Preempt | null
  readonly book: TaskBook
  readonly ledger: Ledger
  readonly log: RunLog
  readonly stopwatch: Stopwatch
}

/** Who starts, or goes on: they wait no more. */
export interface Start {
  readonly party: Party
  /** The number of the decision. */
  readonly group: number
}

export interface Decided {
  readonly start: ReadonlyArray<Start>
  /** There may be more to decide once these have started. */
  readonly again: boolean
}

const nothing: Decided = { start: [], again: false }

export class Decider {
  readonly #options: DeciderOptions
  readonly #state: SchedulerState
  readonly #runs: Runs
  #decisions = 0

  constructor(options: DeciderOptions, state: SchedulerState, runs: Runs) {
    this.#options = options
    this.#state = state
    this.#runs = runs
  }

  next(): Decided {
    if (this.#state.mayDecide(() => unsettledSeqs(this.#options.book))) return this.#chooseStarts()
    return this.#stopSome() ? { start: [], again: true } : nothing
  }

  /** Those who were given a lane before the policy's choice, unless they can wait for it. */
  #chooseStarts(): Decided {
    const { ledger, policy, preempt, stopwatch } = this.#options
    const snapshot = this.#state.snapshot(ledger.liveView())
    const nowMs = stopwatch.nowMs()
    const claim = this.#runs.preemptions.claim()
    if (claim === null) {
      const decision = letGoOn(policy(snapshot, nowMs), this.#state.paused, snapshot)
      return this.#starts(snapshot, decision, nowMs, false)
    }
    const forTarget = preempt === preemptForTargets
    const others = forTarget ? this.#letBy(claim, snapshot, nowMs) : null
    if (others !== null) return this.#starts(snapshot, others, nowMs, true)
    const first = forTarget ? dueBefore(claim, snapshot, nowMs) : null
    const decision = fillGroup([first ?? waitingOf(claim)], snapshot, fillDefaults)
    if (decision.start.length > 0) return this.#starts(snapshot, decision, nowMs, true)
    this.#runs.preemptions.giveUp(claim)
    return { start: [], again: true }
  }

  /** What the policy would start all the same, where the claim can wait for it. What was stopped waits. */
  #letBy(claim: LiveTask, snapshot: Snapshot, nowMs: number): Decision | null {
    const { book, policy } = this.#options
    const decision = policy(snapshot, nowMs)
    const others = decision.start.map((id) => book.find(id)!)
    if (others.length === 0 || others.some((task) => task === claim || task.pause !== null))
      return null
    return canWait(waitingOf(claim), others.map(waitingOf), snapshot, nowMs) ? decision : null
  }

  #starts(snapshot: Snapshot, decision: Decision, nowMs: number, again: boolean): Decided {
    if (decision.start.length > 0) this.#decisions++
    this.#note(snapshot, decision, nowMs)
    const group = this.#decisions
    const chosen = decision.start.map((id) => ({
      task: this.#options.book.find(id)!,
      plan: decision.plans?.[id] ?? 0,
    }))
    const start = this.#state.take(chosen).map((party) => ({ party, group }))
    return { start, again }
  }

  /** Makes a running task give its lane to a more urgent one; true when it did. */
  #stopSome(): boolean {
    const { book, ledger, preempt, stopwatch } = this.#options
    if (preempt === null || !this.#state.isFull) return false
    const snapshot = this.#state.snapshot(ledger.liveView())
    const nowMs = stopwatch.nowMs()
    const decision = preempt(snapshot, nowMs)
    if (decision === null) return false
    this.#note(snapshot, decision, nowMs)
    const urgent = book.find(decision.blocked!.id)!
    for (const id of decision.preempt!) this.#runs.stop(id, urgent)
    return true
  }

  #note(snapshot: Snapshot, decision: Decision, nowMs: number): void {
    const { ledger, log, stopwatch } = this.#options
    const { blocked, preempt, start, thresholdBytes } = decision
    const record: DecisionRecord = {
      start,
      blocked,
      thresholdBytes,
      atMs: nowMs,
      number: this.#decisions,
      waiting: snapshot.waiting.length,
      running: snapshot.running.length,
      freeBytes: ledger.freeBytes,
      decideMs: stopwatch.nowMs() - nowMs,
    }
    log.decide(preempt === undefined ? record : { ...record, preempt })
  }
}

/** Whoever has come since a run was stopped for `claim`, and whose turn is sooner; null where nobody has. */
const dueBefore = (claim: LiveTask, snapshot: Snapshot, nowMs: number): WaitingTask | null => {
  const [first] = dueTasks(snapshot, nowMs, 1)
  return first !== undefined && first.turnAtMs < turnAtMs(waitingOf(claim)) ? first.task : null
}

function* unsettledSeqs(book: TaskBook): Generator<number> {
  for (const task of book.live()) {
    if (task.state === "queued" || task.state === "preparing") yield task.seq
  }
}
