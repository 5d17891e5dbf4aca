// Places live ranges in one arena of exactly the liveness peak. In order of first write each takes
// an end of a free gap, walls first, and gives way when a later one does not fit:
//   | layer 1 ....| temporary |      free      |.... layer 2 |
import type { LiveRange } from "./liveness.ts"

export interface ArenaLayout {
  /** One per range. */
  readonly offsets: ReadonlyArray<number>
  readonly arenaBytes: number
}

/** Choices tried before the search gives up and the arena grows; a chain needs one per buffer. */
const maxChoices = 20_000

interface Placed {
  readonly offset: number
  readonly end: number
  readonly lastOp: number
}

/** Offsets at which `bytes` fit beside what is alive (ascending), walls of [0, limit) first. */
const candidates = (
  alive: ReadonlyArray<Placed>,
  bytes: number,
  limit: number,
): ReadonlyArray<number> => {
  const walls: number[] = []
  const inner: number[] = []
  let from = 0
  for (let i = 0; i <= alive.length; i++) {
    const to = i < alive.length ? alive[i].offset : limit
    if (to - from >= bytes) {
      ;(from === 0 ? walls : inner).push(from)
      if (to - from > bytes) (to === limit ? walls : inner).push(to - bytes)
    }
    if (i < alive.length) from = alive[i].end
  }
  return [...walls, ...inner]
}

const insert = <T extends Placed>(alive: ReadonlyArray<T>, placed: T): ReadonlyArray<T> => {
  const at = alive.findIndex((other) => other.offset > placed.offset)
  return at < 0 ? [...alive, placed] : alive.toSpliced(at, 0, placed)
}

class Search {
  readonly offsets: number[]
  readonly #ranges: ReadonlyArray<LiveRange>
  readonly #order: ReadonlyArray<number>
  #choices = 0

  constructor(ranges: ReadonlyArray<LiveRange>) {
    this.#ranges = ranges
    this.offsets = new Array<number>(ranges.length).fill(0)
    this.#order = ranges
      .map((_, r) => r)
      .filter((r) => ranges[r].bytes > 0)
      .sort((a, b) => ranges[a].firstOp - ranges[b].firstOp || a - b)
  }

  /** Places the ranges from `depth` on inside [0, limit); false when it cannot or gives up. */
  within(limit: number, depth = 0, before: ReadonlyArray<Placed> = []): boolean {
    if (depth === this.#order.length) return true
    const index = this.#order[depth]
    const { bytes, firstOp, lastOp } = this.#ranges[index]
    // Ranges come by first write, so whatever still lives then is all that overlaps in time.
    const alive = before.filter((placed) => placed.lastOp >= firstOp)
    for (const offset of candidates(alive, bytes, limit)) {
      if (++this.#choices > maxChoices) return false
      this.offsets[index] = offset
      const placed = { offset, end: offset + bytes, lastOp }
      if (this.within(limit, depth + 1, insert(alive, placed))) return true
    }
    return false
  }
}

const overlaps = (a: LiveRange, b: LiveRange): boolean =>
  a.firstOp <= b.lastOp && b.firstOp <= a.lastOp

/** Each in turn in the lowest gap that fits, whatever the size of the arena. */
const firstFit = (ranges: ReadonlyArray<LiveRange>, order: ReadonlyArray<number>): ArenaLayout => {
  const offsets = new Array<number>(ranges.length).fill(0)
  let placed: ReadonlyArray<Placed & { readonly index: number }> = []
  let arenaBytes = 0
  for (const index of order) {
    const range = ranges[index]
    let offset = 0
    for (const other of placed) {
      if (!overlaps(ranges[other.index], range)) continue
      if (other.offset - offset >= range.bytes) break
      offset = Math.max(offset, other.end)
    }
    const end = offset + range.bytes
    offsets[index] = offset
    placed = insert(placed, { index, offset, end, lastOp: range.lastOp })
    arenaBytes = Math.max(arenaBytes, end)
  }
  return { offsets, arenaBytes }
}

/** What first fit goes by where the search gave up: the large, the long-lived, both, the first written. */
const fitOrders: ReadonlyArray<(range: LiveRange) => number> = [
  ({ bytes }) => -bytes,
  ({ firstOp, lastOp }) => firstOp - lastOp,
  ({ bytes, firstOp, lastOp }) => bytes * (firstOp - lastOp - 1),
  ({ firstOp }) => firstOp,
]

/** Of exactly the peak, but for a few plans of many parts: then of the least that first fit finds. */
export const arenaLayout = (
  ranges: ReadonlyArray<LiveRange>,
  livePeakBytes: number,
): ArenaLayout => {
  const search = new Search(ranges)
  if (search.within(livePeakBytes)) return { offsets: search.offsets, arenaBytes: livePeakBytes }
  const real = [...ranges.keys()].filter((r) => ranges[r].bytes > 0)
  const fits = fitOrders.map((key) =>
    firstFit(
      ranges,
      real.toSorted((a, b) => key(ranges[a]) - key(ranges[b]) || a - b),
    ),
  )
  return fits.reduce((best, fit) => (fit.arenaBytes < best.arenaBytes ? fit : best))
}
