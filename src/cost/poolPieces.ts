// The ranges of one task, taken from a free list all together or not at all.
import type { FreeRange } from "../model/MemoryView.ts"
import type { PoolFreeList } from "./poolFreeList.ts"

/** A range that belongs to a resident object; `bytes` is aligned. */
export interface ResidentRange extends FreeRange {
  readonly key: string
}

export interface Pieces {
  readonly arena: FreeRange
  readonly uploads: ReadonlyArray<ResidentRange>
}

/** The arena from the high end, then the missing residents from the low end, in their order. */
export const takePieces = (
  free: PoolFreeList,
  arenaBytes: number,
  missing: ReadonlyArray<readonly [key: string, bytes: number]>,
): Pieces | null => {
  const arenaOffset = free.takeHigh(arenaBytes)
  if (arenaOffset === null) return null
  const arena = { offset: arenaOffset, bytes: arenaBytes }
  const uploads: Array<ResidentRange> = []
  for (const [key, bytes] of missing) {
    const offset = free.takeLow(bytes)
    if (offset === null) {
      for (const taken of [arena, ...uploads]) free.give(taken.offset, taken.bytes)
      return null
    }
    uploads.push({ key, offset, bytes })
  }
  return { arena, uploads }
}
