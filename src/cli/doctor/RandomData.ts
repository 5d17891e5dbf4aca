// Seeded data for the self-check: the same on every machine, so that a failure can be told again.

/** mulberry32: small, and good enough for test matrices. */
export class RandomData {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(bound: number): number {
    return Math.floor(this.unit() * bound)
  }

  floats(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.unit() * 2 - 1)
  }

  positives(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.unit() + 0.1)
  }

  indices(length: number, bound: number): Int32Array {
    return Int32Array.from({ length }, () => this.below(bound))
  }

  /**
   * A CSR pattern with what goes wrong most: an empty row, a row that holds every column, self
   * loops and duplicates.
   */
  csr(rows: number, cols: number, perRow: number): { offsets: Int32Array; columns: Int32Array } {
    const lists = Array.from({ length: rows }, (_, row) => {
      if (row === 0 && rows > 1) return []
      if (row === rows - 1) return Array.from({ length: cols }, (_, column) => column)
      const list = Array.from({ length: 1 + this.below(2 * perRow) }, () => this.below(cols))
      return row < cols && row % 3 === 0 ? [row, ...list, list[0]!] : list
    })
    const offsets = new Int32Array(rows + 1)
    for (const [row, list] of lists.entries()) offsets[row + 1] = offsets[row]! + list.length
    return { offsets, columns: Int32Array.from(lists.flat()) }
  }

  /** Ascending offsets of `parts` parts of `total`; the first part is empty. */
  partition(parts: number, total: number): Int32Array {
    const cuts = Array.from({ length: parts - 2 }, () => this.below(total + 1))
    cuts.sort((a, b) => a - b)
    return Int32Array.from([0, 0, ...cuts, total].slice(0, parts + 1))
  }
}
