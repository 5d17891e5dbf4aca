// Which tenants are within their share: none that waits may have had more service for its weight than
// the neediest, but for some slack within which a policy may choose as it likes.
import type { Snapshot, TenantShare, WaitingTask } from "../model/Snapshot.ts"

/** Tenants within their share whose tasks are looked at one tenant after the other. */
const fewTenants = 32

/** Milliseconds of service for a weight of 1. */
export const shareSlackMs = 10

/** What has a target may go by others for longer: a target that is missed cannot be made up for. */
export const dueSlackMs = 30

/** So much longer where a deadline is a promise: whoever was given one relies on it. */
export const firmSlackMs = 1000

export class TenantShares {
  readonly #tenants: Snapshot["tenants"]
  readonly #leastMs: number
  readonly #dueSlackMs: number
  /** No tenant weighs more than 1. */
  readonly noneIsHeavy: boolean
  readonly #byService: Snapshot["byService"]

  constructor({
    byService,
    firm = false,
    maxWeight = Number.POSITIVE_INFINITY,
    tenants,
  }: Pick<Snapshot, "byService" | "firm" | "maxWeight" | "tenants">) {
    this.#tenants = tenants
    this.noneIsHeavy = maxWeight <= 1
    this.#dueSlackMs = firm ? firmSlackMs : dueSlackMs
    const [neediest] = byService
    this.#leastMs = neediest === undefined ? 0 : neediest.attainedMs / neediest.weight
    this.#byService = byService
  }

  /**
   * Those that are within their share where these are few, else null: what waits of others may hide
   * theirs.
   */
  get few(): ReadonlyArray<string> | null {
    const most = this.#leastMs + Math.max(shareSlackMs, this.#dueSlackMs)
    const isBeyond = ({ attainedMs, weight }: TenantShare) => attainedMs / weight > most
    const next = this.#byService[fewTenants]
    if (next !== undefined && !isBeyond(next)) return null
    const first = this.#byService.slice(0, fewTenants)
    const beyond = first.findIndex(isBeyond)
    return (beyond < 0 ? first : first.slice(0, beyond)).map(({ tenant }) => tenant)
  }

  weightOf(tenant: string): number {
    return this.#tenants.get(tenant)?.weight ?? 1
  }

  /** False: others are behind its tenant by more than the slack. */
  isWithin({ qosTargetMs, tenant }: Pick<WaitingTask, "qosTargetMs" | "tenant">): boolean {
    const share = this.#tenants.get(tenant)
    const slackMs = qosTargetMs === null ? shareSlackMs : this.#dueSlackMs
    return share === undefined || share.attainedMs / share.weight <= this.#leastMs + slackMs
  }
}
