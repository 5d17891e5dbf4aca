// What has been promised, and to whom how much is allowed: decides whether a task is taken, and counts
// what was taken until it ends.
import { type AdmissionError, DeadlineInfeasible, QuotaExceeded } from "../model/errors.ts"
import type { Demand } from "../model/Plan.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import { isTerminal, type TaskState } from "../model/Task.ts"
import { earliestFinishMs, type Promised } from "../policy/admit.ts"
import type { Concurrency } from "../policy/concurrency.ts"
import type { Underway } from "../policy/LaneLine.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { Stopwatch } from "./Stopwatch.ts"

export type AdmitMode = "all" | "deadline"

/** What a task asks for, by its plan. */
export interface TaskClaim {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly demand: Demand
  readonly footprintBytes: number
  /** Claims with the same key are answered by one run; null for a run of its own. */
  readonly workKey: string | null
}

/**
 * What promises are reckoned with: the 95th percentile, and something for what runs beside, which is
 * not known yet. Found by bench/qosLoad.ts: with less, a promise that is lost costs others theirs.
 */
const carefulMs = ({ p95Ms }: Pick<TaskClaim, "p95Ms">): number => p95Ms * 1.15

interface Admitted extends Promised, Pick<TaskClaim, "workKey"> {
  readonly id: string
  readonly tenant: string
  readonly bytes: number
}

/** Of the promises that one run keeps, the first. */
const onceEach = (promises: ReadonlyArray<Admitted>): ReadonlyArray<Admitted> => {
  const seen = new Set<string>()
  return promises.filter(({ workKey }) => {
    if (workKey === null) return true
    const fresh = !seen.has(workKey)
    seen.add(workKey)
    return fresh
  })
}

interface Account {
  tasks: number
  bytes: number
  /** Device milliseconds that may be taken now; grows with time up to its bound. */
  deviceMs: number
  atMs: number
}

/** A quota of device time may be taken at once for as long as this. */
export const quotaWindowMs = 10_000

export class Admission {
  readonly #mode: AdmitMode
  readonly #concurrency: Concurrency
  readonly #stopwatch: Stopwatch
  readonly #quotas: ReadonlyMap<string, NonNullable<TenantInfo["quota"]>>
  readonly #accounts = new Map<string, Account>()
  readonly #admitted = new Map<string, Admitted>()
  /** Those with a deadline that have not begun, by deadline. */
  readonly #promises: Array<Admitted> = []
  readonly #running = new Map<string, Underway>()

  constructor(options: {
    readonly admit: AdmitMode
    readonly concurrency: Concurrency
    readonly tenants: ReadonlyArray<TenantInfo>
    readonly stopwatch: Stopwatch
  }) {
    this.#mode = options.admit
    this.#concurrency = options.concurrency
    this.#stopwatch = options.stopwatch
    this.#quotas = new Map(
      options.tenants.flatMap(({ id, quota }) => (quota === undefined ? [] : [[id, quota]])),
    )
  }

  /** Takes the task, or says why not. A task that was taken before, and tries again, stays. */
  admit(task: LiveTask, claimOf: () => TaskClaim): AdmissionError | null {
    const { deadlineMs, id, tenant } = task.spec
    if (!this.#matters(tenant) || this.#admitted.has(id)) return null
    const claim = claimOf()
    const refused = this.#overQuota(tenant, claim) ?? this.#infeasible(task, claim)
    if (refused !== null) return refused
    const admitted: Admitted = {
      id,
      tenant,
      bytes: claim.footprintBytes,
      dueAtMs: deadlineMs === null ? Number.POSITIVE_INFINITY : task.submittedAtMs + deadlineMs,
      runMs: carefulMs(claim),
      medianMs: claim.p50Ms,
      demand: claim.demand,
      workKey: claim.workKey,
    }
    this.#admitted.set(id, admitted)
    this.#count(tenant, claim)
    if (deadlineMs !== null) this.#promise(admitted)
    return null
  }

  /** Whether any answer depends on this tenant's tasks. */
  #matters(tenant: string): boolean {
    return this.#mode === "deadline" || this.#quotas.has(tenant)
  }

  /**
   * The task has entered a state; `leftPart` of its time is ahead of it. `leader`: the task whose run
   * answers it, or null.
   */
  moved(
    id: string,
    state: TaskState,
    { leader, leftPart }: { readonly leftPart: number; readonly leader: string | null },
  ): void {
    const admitted = this.#admitted.get(id)
    if (admitted === undefined) return
    const ran = this.#running.delete(id)
    if (state === "running") {
      const runMs = admitted.runMs * leftPart
      if (leader !== null) this.#lengthen(leader, admitted)
      else this.#running.set(id, { ...admitted, runMs, startedAtMs: this.#stopwatch.nowMs() })
      this.#forget(admitted)
    }
    if (state === "ready" && ran && admitted.dueAtMs < Number.POSITIVE_INFINITY) {
      const medianMs = admitted.medianMs * leftPart
      this.#promise({ ...admitted, runMs: admitted.runMs * leftPart, medianMs })
    }
    if (!isTerminal(state)) return
    this.#admitted.delete(id)
    this.#forget(admitted)
    const account = this.#accounts.get(admitted.tenant)
    if (account === undefined) return
    account.tasks--
    account.bytes -= admitted.bytes
  }

  /** What joins a run adds its own length to it, unless it asks for the same. */
  #lengthen(leader: string, { runMs, workKey }: Admitted): void {
    const run = this.#running.get(leader)
    if (run === undefined) return
    const same = workKey !== null && this.#admitted.get(leader)?.workKey === workKey
    if (!same) this.#running.set(leader, { ...run, runMs: run.runMs + runMs })
  }

  #promise(admitted: Admitted): void {
    if (this.#mode !== "deadline") return
    this.#promises.splice(this.#placeAfter(admitted.dueAtMs), 0, admitted)
  }

  /** Looks among those of the same deadline only. */
  #forget({ dueAtMs, id }: Pick<Admitted, "dueAtMs" | "id">): void {
    for (let at = this.#placeAfter(dueAtMs) - 1; at >= 0; at--) {
      if (this.#promises[at]!.dueAtMs !== dueAtMs) return
      if (this.#promises[at]!.id !== id) continue
      this.#promises.splice(at, 1)
      return
    }
  }

  /** Behind every promise that is due no later. */
  #placeAfter(dueAtMs: number): number {
    let low = 0
    let high = this.#promises.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#promises[middle]!.dueAtMs <= dueAtMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The run that keeps a promise keeps those to all that ask for the same: it takes their place. */
  #infeasible(task: LiveTask, claim: TaskClaim): AdmissionError | null {
    const { demand, p50Ms, p95Ms, workKey } = claim
    const { deadlineMs } = task.spec
    const runMs = carefulMs({ p95Ms })
    if (this.#mode === "all" || deadlineMs === null) return null
    const nowMs = this.#stopwatch.nowMs()
    const dueAtMs = task.submittedAtMs + deadlineMs
    const others = onceEach(this.#promises).filter(
      (promise) => workKey === null || promise.workKey !== workKey,
    )
    const finishMs = earliestFinishMs(
      { dueAtMs, runMs, medianMs: p50Ms, demand },
      {
        promises: others,
        running: [...this.#running.values()],
        concurrency: this.#concurrency,
        nowMs,
      },
    )
    if (finishMs <= dueAtMs) return null
    const earliest = finishMs - task.submittedAtMs
    return new DeadlineInfeasible({ deadlineMs, earliestFinishMs: earliest })
  }

  #overQuota(tenant: string, { footprintBytes, p50Ms }: TaskClaim): QuotaExceeded | null {
    const quota = this.#quotas.get(tenant)
    if (quota === undefined) return null
    const { bytes, deviceMs, tasks } = this.#accountOf(tenant)
    const over = (what: QuotaExceeded["quota"], used: number, limit: number | undefined) =>
      limit === undefined || used <= limit
        ? null
        : new QuotaExceeded({ tenant, quota: what, used, limit })
    const { deviceShare } = quota
    const wantedMs = deviceShare === undefined ? 0 : deviceShare * quotaWindowMs - deviceMs + p50Ms
    return (
      over("tasks", tasks + 1, quota.tasks) ??
      over("bytes", bytes + footprintBytes, quota.bytes) ??
      (deviceShare === undefined ? null : over("deviceMs", wantedMs, deviceShare * quotaWindowMs))
    )
  }

  #count(tenant: string, { footprintBytes, p50Ms }: TaskClaim): void {
    if (!this.#quotas.has(tenant)) return
    const account = this.#accountOf(tenant)
    account.tasks++
    account.bytes += footprintBytes
    account.deviceMs -= p50Ms
  }

  /** With the device time that has come in since. */
  #accountOf(tenant: string): Account {
    const share = this.#quotas.get(tenant)?.deviceShare ?? 0
    const nowMs = this.#stopwatch.nowMs()
    const full = share * quotaWindowMs
    const known = this.#accounts.get(tenant)
    if (known === undefined) {
      const account = { tasks: 0, bytes: 0, deviceMs: full, atMs: nowMs }
      this.#accounts.set(tenant, account)
      return account
    }
    known.deviceMs = Math.min(full, known.deviceMs + share * (nowMs - known.atMs))
    known.atMs = nowMs
    return known
  }
}
