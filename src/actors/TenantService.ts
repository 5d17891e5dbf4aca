// Who has had how much of the device: run time attained per tenant, for weighted fair sharing. A
// tenant that comes back from idleness is given credit for little of it (`idleCreditMs`): it goes first
// for so long, and then starts level with the neediest of those that are active.
import type { TenantInfo } from "../model/RunReport.ts"
import type { TenantShare } from "../model/Snapshot.ts"

interface Account {
  readonly tenant: string
  readonly weight: number
  attainedMs: number
  /** Tasks waiting or running. */
  tasks: number
}

const defaultWeight = 1

/**
 * Milliseconds of service, for a weight of 1, by which a tenant that comes back may be behind the neediest.
 * More than `policy/TenantShares` lets others go ahead: who asks for less than its share goes by a flood.
 */
export const idleCreditMs = 60

export class TenantService {
  readonly #weights: ReadonlyMap<string, number>
  readonly #accounts = new Map<string, Account>()
  /** The accounts of tenants that have a task, which is all a policy may see. */
  readonly #active = new Map<string, Account>()
  /** The same, the neediest first: a change costs a binary search and a move. */
  readonly #byShare: Array<Account> = []
  /** Their service for a weight of 1, beside them. */
  readonly #services: Array<number> = []

  constructor(tenants: ReadonlyArray<TenantInfo>) {
    this.#weights = new Map(tenants.map(({ id, weight }) => [id, weight]))
  }

  /** A task of the tenant waits. */
  enter(tenant: string): void {
    const account = this.#accountOf(tenant)
    if (account.tasks === 0) {
      const leastMs = (this.#leastServiceMs - idleCreditMs) * account.weight
      account.attainedMs = Math.max(account.attainedMs, leastMs)
      this.#active.set(tenant, account)
      this.#rank(account)
    }
    account.tasks++
  }

  /** A task neither waits nor runs any more. */
  leave(tenant: string): void {
    const account = this.#accountOf(tenant)
    if (--account.tasks > 0) return
    this.#active.delete(tenant)
    this.#unrank(account)
  }

  /** A run of a tenant that has tasks has ended. */
  served(tenant: string, runMs: number): void {
    const account = this.#accountOf(tenant)
    this.#unrank(account)
    account.attainedMs += runMs
    this.#rank(account)
  }

  get shares(): ReadonlyMap<string, TenantShare> {
    return this.#active
  }

  #accountOf(tenant: string): Account {
    const known = this.#accounts.get(tenant)
    if (known !== undefined) return known
    const weight = this.#weights.get(tenant) ?? defaultWeight
    const account = { tenant, weight, attainedMs: 0, tasks: 0 }
    this.#accounts.set(tenant, account)
    return account
  }

  /** The active, the neediest first. */
  get byService(): ReadonlyArray<TenantShare & { readonly tenant: string }> {
    return this.#byShare
  }

  /** Least service for a weight of 1 among the active; 0 when nobody is. */
  get #leastServiceMs(): number {
    return this.#services[0] ?? 0
  }

  #rank(account: Account): void {
    const serviceMs = serviceOf(account)
    const at = this.#firstFrom(serviceMs)
    this.#byShare.splice(at, 0, account)
    this.#services.splice(at, 0, serviceMs)
  }

  #unrank(account: Account): void {
    const at = this.#byShare.indexOf(account, this.#firstFrom(serviceOf(account)))
    this.#byShare.splice(at, 1)
    this.#services.splice(at, 1)
  }

  #firstFrom(serviceMs: number): number {
    let low = 0
    let high = this.#services.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#services[middle]! < serviceMs) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** For a weight of 1. */
const serviceOf = ({ attainedMs, weight }: Account): number => attainedMs / weight
