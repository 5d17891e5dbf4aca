// Who was on a lane when: how many at a moment, and who beside a task during a stretch of time.
import type { Company, ExplainableTask } from "./Explanation.ts"

interface Stay {
  readonly id: string
  readonly tenant: string
  readonly fromMs: number
  readonly toMs: number
}

/** How many of the ascending `values` are at most `limit`. */
const countUpTo = (values: ReadonlyArray<number>, limit: number): number => {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low
}

const ascending = (values: Iterable<number>): ReadonlyArray<number> =>
  [...values].sort((a, b) => a - b)

export class LaneUse {
  readonly #stays: ReadonlyArray<Stay>
  readonly #starts: ReadonlyArray<number>
  readonly #ends: ReadonlyArray<number>

  /** The stays on lanes of all tasks but `ownId` that touch the window. */
  constructor(
    tasks: ReadonlyArray<ExplainableTask>,
    ownId: string,
    window: { readonly fromMs: number; readonly toMs: number },
  ) {
    const stays: Array<Stay> = []
    for (const { id, runs, sharedWith, tenant } of tasks) {
      // One that another's run answered was on no lane itself.
      if (id === ownId || sharedWith !== null) continue
      for (const { endedAtMs, startedAtMs } of runs) {
        const toMs = endedAtMs ?? window.toMs
        if (startedAtMs > window.toMs || toMs < window.fromMs) continue
        stays.push({ id, tenant, fromMs: startedAtMs, toMs })
      }
    }
    this.#stays = stays
    this.#starts = ascending(stays.map(({ fromMs }) => fromMs))
    this.#ends = ascending(stays.map(({ toMs }) => toMs))
  }

  /** Moments at which the number of busy lanes changes. */
  get changes(): ReadonlyArray<number> {
    return [...this.#starts, ...this.#ends]
  }

  /** Lanes that others held from `atMs` on. */
  busyAt(atMs: number): number {
    return countUpTo(this.#starts, atMs) - countUpTo(this.#ends, atMs)
  }

  /** When the first stay of `id` that has not ended by `atMs` ends; null when there is none. */
  endOf(id: string, atMs: number): number | null {
    const stays = this.#stays.filter((stay) => stay.id === id && stay.toMs > atMs)
    return stays.length === 0 ? null : Math.min(...stays.map(({ toMs }) => toMs))
  }

  /** Everybody on a lane within the stretch, the longest first. */
  during(fromMs: number, toMs: number): ReadonlyArray<Company> {
    const company = new Map<string, Company>()
    for (const stay of this.#stays) {
      const overlapMs = Math.min(toMs, stay.toMs) - Math.max(fromMs, stay.fromMs)
      if (overlapMs <= 0) continue
      const { id, tenant } = stay
      const known = company.get(id)?.overlapMs ?? 0
      company.set(id, { id, tenant, overlapMs: known + overlapMs })
    }
    return [...company.values()].sort((a, b) => b.overlapMs - a.overlapMs)
  }
}
