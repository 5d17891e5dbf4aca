// Which tenants are within their share: none that waits may have had more service for its weight than
// the neediest, but for some slack within which a policy may choose as it likes.
import type { Snapshot } from "../model/Snapshot.ts"

/** Milliseconds of service for a weight of 1. */
export const shareSlackMs = 10

/** What is due may go by others for longer: a target cannot be made up for later. */
export const dueSlackMs = 1000

export class TenantShares {
  readonly #tenants: Snapshot["tenants"]
  readonly #leastMs: number

  constructor({ leastServiceMs, tenants }: Pick<Snapshot, "leastServiceMs" | "tenants">) {
    this.#tenants = tenants
    this.#leastMs = leastServiceMs
  }

  weightOf(tenant: string): number {
    return this.#tenants.get(tenant)?.weight ?? 1
  }

  /** False: others are behind it by more than the slack. */
  isWithin(tenant: string, slackMs = shareSlackMs): boolean {
    const share = this.#tenants.get(tenant)
    return share === undefined || share.attainedMs / share.weight <= this.#leastMs + slackMs
  }
}
