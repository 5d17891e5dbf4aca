// What must hold of any view of a pool, whoever made it.
import { expect } from "vitest"
import type { FreeRange, MemoryView } from "../../src/model/MemoryView.ts"

/** Checks that free and used ranges tile the pool: inside it, disjoint, coalesced, complete. */
export const expectSoundPool = (view: MemoryView, arenas: ReadonlyArray<FreeRange>): void => {
  const usable = Math.floor(view.budgetBytes / view.alignBytes) * view.alignBytes
  for (const [at, range] of view.free.entries()) {
    expect(range.bytes).toBeGreaterThan(0)
    const previous = view.free[at - 1]
    if (previous) expect(range.offset).toBeGreaterThan(previous.offset + previous.bytes)
  }
  const all = [...view.free, ...arenas, ...view.residents.values()]
  for (const { offset, bytes } of all) {
    expect([offset % view.alignBytes, bytes % view.alignBytes]).toEqual([0, 0])
    expect(offset).toBeGreaterThanOrEqual(0)
    expect(offset + bytes).toBeLessThanOrEqual(usable)
  }
  const ranges = all.filter(({ bytes }) => bytes > 0).sort((a, b) => a.offset - b.offset)
  let end = 0
  for (const { offset, bytes } of ranges) {
    // Neither an overlap nor a gap.
    expect(offset).toBe(end)
    end = offset + bytes
  }
  expect(end).toBe(usable)
}
