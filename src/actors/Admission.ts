// What has been promised, and to whom how much is allowed: decides whether a task is taken, and counts
// what was taken until it ends.
import { type AdmissionError, DeadlineInfeasible, QueueFull } from "../model/errors.ts"
import type { InterferenceModel } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import type { RunningTask } from "../model/Snapshot.ts"
import { isTerminal } from "../model/Task.ts"
import { promiseTo } from "../policy/admit.ts"
import { deviationOf } from "../policy/sureness.ts"
import { underway } from "../policy/underway.ts"
import type { Admitted } from "./Admitted.ts"
import type { LiveTask } from "./LiveTask.ts"
import { Promises, type SharedPromise } from "./Promises.ts"
import { Quotas } from "./Quotas.ts"
import type { Stopwatch } from "./Stopwatch.ts"

export type AdmitMode = "all" | "deadline"

/** What a task asks for, by its plan. */
export interface TaskClaim {
  readonly p50Ms: number
  readonly p95Ms: number
  /** What a run costs beside its operators. */
  readonly overheadMs: number
  readonly demand: Demand
  readonly footprintBytes: number
  /** Claims with the same key are answered by one run; null for a run of its own. */
  readonly workKey: string | null
}

export interface AdmissionOptions {
  readonly admit: AdmitMode
  readonly lanes: number
  readonly interference: InterferenceModel
  /** Runs give way to what is due sooner. */
  readonly stopsForTargets: boolean
  /** The policy goes by the turns of promises. */
  readonly takesTurns: boolean
  /** Takes all the same, in its turn, whom no deadline can be promised: for replays of what might have been. */
  readonly takesLate?: boolean
  readonly tenants: ReadonlyArray<TenantInfo>
  /** Of the tasks that were taken and hold no memory yet. */
  readonly maxQueuedBytes: number
  readonly stopwatch: Stopwatch
  /** What is on the lanes now. */
  readonly running: () => ReadonlyArray<RunningTask>
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #quotas: Quotas
  readonly #promises: Promises
  #queuedBytes = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#quotas = new Quotas(options.tenants, options.stopwatch)
    this.#promises = new Promises(options)
  }

  /** Takes the task, or says why not. A task that was taken before, and tries again, stays. */
  admit(task: LiveTask, claim: TaskClaim): AdmissionError | null {
    const { deadlineMs, tenant } = task.spec
    if (task.admitted !== null) return null
    const isPromise = this.#options.admit === "deadline" && deadlineMs !== null
    const bytes = claim.footprintBytes
    const refused = this.#full(bytes) ?? this.#quotas.over(tenant, claim)
    if (refused !== null) return refused
    const promise = isPromise ? this.#promiseTo(task, promiseOf(task, claim, deadlineMs)) : null
    if (promise instanceof DeadlineInfeasible) return promise
    task.admitted = { bytes, promise, inLine: promise, isQueued: true }
    this.#queuedBytes += bytes
    this.#quotas.taken(tenant, claim)
    if (promise !== null) this.#promises.add(promise)
    return null
  }

  #full(asked: number): QueueFull | null {
    const [queued, limit] = [this.#queuedBytes, this.#options.maxQueuedBytes]
    return queued + asked <= limit ? null : new QueueFull({ bound: "bytes", queued, asked, limit })
  }

  /** The task has entered its state. */
  moved(task: LiveTask): void {
    const { admitted, pause, spec, state } = task
    if (admitted === null) return
    const { inLine, promise } = admitted
    const leftPart = pause?.leftPart ?? 1
    this.#queue(admitted, state !== "running" && !isTerminal(state) && pause === null)
    if (state === "running" || isTerminal(state)) this.#standFor(admitted, null)
    else if (state === "ready" && inLine === null && promise !== null) {
      const runMs = promise.runMs * leftPart
      const deviationMs = promise.deviationMs * leftPart
      this.#standFor(admitted, { ...promise, runMs, deviationMs })
    }
    if (!isTerminal(state)) return
    task.admitted = null
    this.#quotas.ended(spec.tenant, admitted.bytes)
  }

  #queue(admitted: Admitted, isQueued: boolean): void {
    if (admitted.isQueued === isQueued) return
    admitted.isQueued = isQueued
    this.#queuedBytes += isQueued ? admitted.bytes : -admitted.bytes
  }

  #standFor(admitted: Admitted, promise: SharedPromise | null): void {
    if (admitted.inLine !== null) this.#promises.remove(admitted.inLine)
    if (promise !== null) this.#promises.add(promise)
    admitted.inLine = promise
  }

  /** The run that keeps a promise keeps those to all that ask for the same. */
  #promiseTo(task: LiveTask, asked: SharedPromise): SharedPromise | DeadlineInfeasible {
    const { interference, lanes, running, stopsForTargets, stopwatch, takesLate, takesTurns } =
      this.#options
    const nowMs = stopwatch.nowMs()
    const { dueAtMs } = asked
    const same = this.#promises.standingFor(asked.workKey)
    if (same !== null && same.dueAtMs <= dueAtMs && nowMs + same.runMs <= same.dueAtMs) {
      return { ...asked, turnAtMs: Math.max(asked.turnAtMs, same.turnAtMs) }
    }
    const runs = underway({ interference, running: running() }, { nowMs, stopsForTargets })
    const concurrency = { lanes, interference }
    const { finishMs, turnAtMs } = this.#promises.without(same, (line) =>
      promiseTo(asked, { line, runs, nowMs, concurrency, takesTurns }),
    )
    if (finishMs <= dueAtMs) return { ...asked, turnAtMs }
    if (takesLate) return asked
    const { submittedAtMs } = task
    const deadlineMs = dueAtMs - submittedAtMs
    return new DeadlineInfeasible({ deadlineMs, earliestFinishMs: finishMs - submittedAtMs })
  }
}

const promiseOf = (
  { seq, submittedAtMs }: LiveTask,
  { demand, overheadMs, p50Ms, p95Ms, workKey }: TaskClaim,
  deadlineMs: number,
): SharedPromise => ({
  seq,
  dueAtMs: submittedAtMs + deadlineMs,
  turnAtMs: submittedAtMs + deadlineMs,
  runMs: p50Ms + overheadMs,
  deviationMs: deviationOf(p50Ms, p95Ms),
  demand,
  workKey,
})
