// What each tenant may have: tasks that have not ended, their bytes, and device time, which comes in
// evenly and is kept up to a bound. Tenants without a quota are not counted.
import { QuotaExceeded } from "../model/errors.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import type { Stopwatch } from "./Stopwatch.ts"

/** What counts of a task. */
export interface QuotaClaim {
  readonly footprintBytes: number
  readonly p50Ms: number
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

export class Quotas {
  readonly #stopwatch: Stopwatch
  readonly #quotas: ReadonlyMap<string, NonNullable<TenantInfo["quota"]>>
  readonly #accounts = new Map<string, Account>()

  constructor(tenants: ReadonlyArray<TenantInfo>, stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch
    this.#quotas = new Map(
      tenants.flatMap(({ id, quota }) => (quota === undefined ? [] : [[id, quota]])),
    )
  }

  over(tenant: string, { footprintBytes, p50Ms }: QuotaClaim): QuotaExceeded | null {
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

  taken(tenant: string, { footprintBytes, p50Ms }: QuotaClaim): void {
    if (!this.#quotas.has(tenant)) return
    const account = this.#accountOf(tenant)
    account.tasks++
    account.bytes += footprintBytes
    account.deviceMs -= p50Ms
  }

  ended(tenant: string, footprintBytes: number): void {
    const account = this.#accounts.get(tenant)
    if (account === undefined) return
    account.tasks--
    account.bytes -= footprintBytes
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
