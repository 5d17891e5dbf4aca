// A small binary heap that is built in linear time and gives its items in order, one by one: for
// those who need only the first few of many.

export class PoolHeap<T> {
  readonly #items: Array<T>
  readonly #before: (a: T, b: T) => boolean

  /** Takes `items` as its own store. `before` is a strict order. */
  constructor(items: Array<T>, before: (a: T, b: T) => boolean) {
    this.#items = items
    this.#before = before
    for (let at = (items.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  /** Takes the first item; undefined when there is none. */
  pop(): T | undefined {
    const first = this.#items[0]
    const last = this.#items.pop()
    if (this.#items.length > 0) {
      this.#items[0] = last!
      this.#sink(0)
    }
    return first
  }

  #sink(start: number): void {
    const items = this.#items
    let at = start
    for (;;) {
      let first = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < items.length && this.#before(items[child]!, items[first]!)) first = child
      }
      if (first === at) return
      const moved = items[at]!
      items[at] = items[first]!
      items[first] = moved
      at = first
    }
  }
}
