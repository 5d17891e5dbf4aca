// Which tenants are within their share: none that waits may have had more service for its weight than
// the neediest, but for some slack within which a policy may choose as it likes.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"

/** Milliseconds of service for a weight of 1. */
export const shareSlackMs = 10

/** What has a target may go by others for longer: a target that is missed cannot be made up for. */
export const dueSlackMs = 50

/** So much longer where a deadline is a promise: whoever was given one relies on it. */
export const firmSlackMs = 1000

export class TenantShares {
  readonly #tenants: Snapshot["tenants"]
  readonly #leastMs: number
  readonly #dueSlackMs: number

  constructor({
    byService: [neediest],
    firm = false,
    tenants,
  }: Pick<Snapshot, "byService" | "firm" | "tenants">) {
    this.#tenants = tenants
    this.#dueSlackMs = firm ? firmSlackMs : dueSlackMs
    this.#leastMs = neediest === undefined ? 0 : neediest.attainedMs / neediest.weight
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
