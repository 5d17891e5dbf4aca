// Who has had how much of the device: run time attained per tenant, for weighted fair sharing. A
// tenant that comes back from idleness starts level with the neediest of those that are active.
import type { TenantInfo } from "../model/RunReport.ts"
import type { TenantShare } from "../model/Snapshot.ts"

interface Account {
  readonly weight: number
  attainedMs: number
  /** Tasks waiting or running. */
  tasks: number
}

const defaultWeight = 1

export class TenantService {
  readonly #weights: ReadonlyMap<string, number>
  readonly #accounts = new Map<string, Account>()
  /** The accounts of tenants that have a task, which is all a policy may see. */
  readonly #active = new Map<string, Account>()

  constructor(tenants: ReadonlyArray<TenantInfo>) {
    this.#weights = new Map(tenants.map(({ id, weight }) => [id, weight]))
  }

  /** A task of the tenant waits. */
  enter(tenant: string): void {
    const account = this.#accountOf(tenant)
    if (account.tasks === 0) {
      account.attainedMs = Math.max(account.attainedMs, this.#leastShare() * account.weight)
      this.#active.set(tenant, account)
    }
    account.tasks++
  }

  /** A task neither waits nor runs any more. */
  leave(tenant: string): void {
    const account = this.#accountOf(tenant)
    if (--account.tasks === 0) this.#active.delete(tenant)
  }

  /** A run has ended. */
  served(tenant: string, runMs: number): void {
    this.#accountOf(tenant).attainedMs += runMs
  }

  get shares(): ReadonlyMap<string, TenantShare> {
    return this.#active
  }

  #accountOf(tenant: string): Account {
    const known = this.#accounts.get(tenant)
    if (known !== undefined) return known
    const weight = this.#weights.get(tenant) ?? defaultWeight
    const account = { weight, attainedMs: 0, tasks: 0 }
    this.#accounts.set(tenant, account)
    return account
  }

  /** Least service per weight among the active; 0 when nobody is. */
  #leastShare(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { attainedMs, weight } of this.#active.values()) {
      least = Math.min(least, attainedMs / weight)
    }
    return least === Number.POSITIVE_INFINITY ? 0 : least
  }
}
