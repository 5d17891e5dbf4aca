// The free ranges of a pool, ascending and coalesced, in two parallel arrays. Ranges of no bytes
// take nothing and are handed out at offset 0.
import type { FreeRange } from "../model/MemoryView.ts"

export class PoolFreeList {
  readonly #offsets: Array<number>
  readonly #sizes: Array<number>
  #total: number

  private constructor(offsets: Array<number>, sizes: Array<number>, total: number) {
    this.#offsets = offsets
    this.#sizes = sizes
    this.#total = total
  }

  static from(ranges: ReadonlyArray<FreeRange>): PoolFreeList {
    const total = ranges.reduce((sum, { bytes }) => sum + bytes, 0)
    return new PoolFreeList(
      ranges.map(({ offset }) => offset),
      ranges.map(({ bytes }) => bytes),
      total,
    )
  }

  clone(): PoolFreeList {
    return new PoolFreeList(this.#offsets.slice(), this.#sizes.slice(), this.#total)
  }

  get totalBytes(): number {
    return this.#total
  }

  get largestBytes(): number {
    let largest = 0
    for (const size of this.#sizes) largest = Math.max(largest, size)
    return largest
  }

  ranges(): ReadonlyArray<FreeRange> {
    return this.#offsets.map((offset, at) => ({ offset, bytes: this.#sizes[at]! }))
  }

  /** The start of the lowest range that fits, or null. */
  takeLow(bytes: number): number | null {
    if (bytes === 0) return 0
    const at = this.#sizes.findIndex((size) => size >= bytes)
    if (at < 0) return null
    const offset = this.#offsets[at]!
    this.#cut(at, offset, bytes)
    return offset
  }

  /** The end of the highest range that fits, or null. */
  takeHigh(bytes: number): number | null {
    if (bytes === 0) return 0
    const at = this.#sizes.findLastIndex((size) => size >= bytes)
    if (at < 0) return null
    const offset = this.#offsets[at]! + this.#sizes[at]! - bytes
    this.#cut(at, offset, bytes)
    return offset
  }

  /** Takes exactly this range if all of it is free. */
  takeAt(offset: number, bytes: number): boolean {
    if (bytes === 0) return true
    const at = this.#firstAfter(offset) - 1
    if (at < 0 || this.#offsets[at]! + this.#sizes[at]! < offset + bytes) return false
    this.#cut(at, offset, bytes)
    return true
  }

  /** Gives a range back and joins it with its neighbours; answers with the size of the whole. */
  give(offset: number, bytes: number): number {
    if (bytes === 0) return 0
    const after = this.#firstAfter(offset)
    const before = after - 1
    const endBefore = before < 0 ? -1 : this.#offsets[before]! + this.#sizes[before]!
    if (endBefore > offset || (this.#offsets[after] ?? Infinity) < offset + bytes) {
      throw new Error(`pool: ${bytes} bytes at ${offset} are free already`)
    }
    this.#total += bytes
    const joinsBefore = endBefore === offset
    const joinsAfter = this.#offsets[after] === offset + bytes
    const start = joinsBefore ? this.#offsets[before]! : offset
    const end = offset + bytes + (joinsAfter ? this.#sizes[after]! : 0)
    const first = joinsBefore ? before : after
    const replaced = Number(joinsBefore) + Number(joinsAfter)
    this.#offsets.splice(first, replaced, start)
    this.#sizes.splice(first, replaced, end - start)
    return end - start
  }

  /** Takes a part of range `at`; what is left of it, on either side, stays free. */
  #cut(at: number, offset: number, bytes: number): void {
    const start = this.#offsets[at]!
    const end = start + this.#sizes[at]!
    this.#total -= bytes
    const left = offset - start
    const right = end - (offset + bytes)
    if (left > 0 && right > 0) {
      this.#sizes[at] = left
      this.#offsets.splice(at + 1, 0, offset + bytes)
      this.#sizes.splice(at + 1, 0, right)
    } else if (left > 0) {
      this.#sizes[at] = left
    } else if (right > 0) {
      this.#offsets[at] = offset + bytes
      this.#sizes[at] = right
    } else {
      this.#offsets.splice(at, 1)
      this.#sizes.splice(at, 1)
    }
  }

  /** Index of the first range that starts after `offset` (binary search). */
  #firstAfter(offset: number): number {
    let low = 0
    let high = this.#offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#offsets[middle]! > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
