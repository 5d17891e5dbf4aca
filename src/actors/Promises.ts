// The promises that have not begun, each run once: of those that one run keeps, the one that is due first
// stands in line for all.
import type { Concurrency } from "../policy/concurrency.ts"
import { type Promised, PromiseLine } from "../policy/PromiseLine.ts"

export interface SharedPromise extends Promised {
  /** Promises with the same key are kept by one run; null for a run of its own. */
  readonly workKey: string | null
}

export class Promises {
  readonly #concurrency: Concurrency
  readonly #line: PromiseLine
  readonly #same = new Map<string, PromiseLine<SharedPromise>>()

  constructor(concurrency: Concurrency) {
    this.#concurrency = concurrency
    this.#line = new PromiseLine(concurrency)
  }

  get line(): PromiseLine {
    return this.#line
  }

  add(promise: SharedPromise): void {
    const { workKey } = promise
    if (workKey === null) {
      this.#line.add(promise)
      return
    }
    const same = this.#same.get(workKey) ?? new PromiseLine<SharedPromise>(this.#concurrency)
    this.#same.set(workKey, same)
    this.#change(same, () => same.add(promise))
  }

  remove(promise: SharedPromise): void {
    const { workKey } = promise
    if (workKey === null) {
      this.#line.remove(promise)
      return
    }
    const same = this.#same.get(workKey)
    if (same === undefined) return
    this.#change(same, () => same.remove(promise))
    if (same.first === null) this.#same.delete(workKey)
  }

  /** Who stands in line for those of the key, or null. */
  standingFor(workKey: string | null): SharedPromise | null {
    return workKey === null ? null : (this.#same.get(workKey)?.first ?? null)
  }

  /** What `look` sees in a line in which one is left out. */
  without<A>(promise: SharedPromise | null, look: (line: PromiseLine) => A): A {
    if (promise === null) return look(this.#line)
    this.#line.remove(promise)
    const seen = look(this.#line)
    this.#line.add(promise)
    return seen
  }

  #change(same: PromiseLine<SharedPromise>, change: () => void): void {
    const before = same.first
    change()
    if (same.first === before) return
    if (before !== null) this.#line.remove(before)
    if (same.first !== null) this.#line.add(same.first)
  }
}
