// The device's pool as plain data: which ranges are free and which resident objects are there.
// The ledger owns the truth; policies copy it and try placements on the copy.

export interface FreeRange {
  readonly offset: number
  readonly bytes: number
}

export interface ResidentEntry {
  readonly key: string
  readonly offset: number
  /** Aligned. */
  readonly bytes: number
  /** Running tasks that hold it; evictable at 0. */
  readonly holders: number
  /** Larger is more recent. */
  readonly lastUsed: number
}

export interface MemoryView {
  readonly budgetBytes: number
  readonly alignBytes: number
  /** Ascending by offset, no two adjacent. */
  readonly free: ReadonlyArray<FreeRange>
  readonly residents: ReadonlyMap<string, ResidentEntry>
  /** Larger than every `lastUsed`. Left out: to be found. */
  readonly clock?: number
}
