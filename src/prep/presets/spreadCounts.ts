// Spreads a total over nodes with caps: random shares, exact sum. Used for the edges a node owns
// and the words of its features.
import type { Random } from "../random.ts"

export interface Spread {
  readonly total: number
  /** int32 [n]; their sum is at least `total`. */
  readonly caps: Int32Array
}

/** Adds (step 1) or takes (step -1) one at a time, evenly, until the sum is exact. */
const settle = (counts: Int32Array, caps: Int32Array, excess: number): void => {
  const step = excess > 0 ? -1 : 1
  for (let rest = Math.abs(excess); rest > 0; ) {
    const stride = Math.max(1, Math.floor(counts.length / rest))
    const before = rest
    for (let i = 0; i < counts.length && rest > 0; i += stride) {
      const next = counts[i]! + step
      if (next < 0 || next > caps[i]!) continue
      counts[i] = next
      rest--
    }
    if (before > rest) continue
    // The strided nodes are full: try every node once, from the first.
    for (let i = 0; i < counts.length && rest > 0; i++) {
      const next = counts[i]! + step
      if (next < 0 || next > caps[i]!) continue
      counts[i] = next
      rest--
    }
    if (before === rest) throw new Error(`${rest} of a spread do not fit the caps`)
  }
}

/** int32 [n]: between 0 and the cap each, `total` in all; everyone gets one first if it suffices. */
export const spreadCounts = ({ total, caps }: Spread, random: Random): Int32Array => {
  const counts = new Int32Array(caps.length)
  let open = 0
  for (let i = 0; i < caps.length; i++) if (caps[i]! > 0) open++
  const first = total >= open ? 1 : 0
  const mean = caps.length === 0 ? 0 : (total - first * open) / caps.length
  let given = 0
  let due = 0
  for (let i = 0; i < caps.length; i++) {
    due += mean * (0.5 + random.uniform())
    const start = Math.min(first, caps[i]!)
    const extra = Math.min(Math.floor(due), caps[i]! - start)
    due -= extra
    counts[i] = start + extra
    given += counts[i]!
  }
  settle(counts, caps, given - total)
  return counts
}
