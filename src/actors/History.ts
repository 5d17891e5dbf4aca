// A list that forgets its oldest tenth when it is full, and says how much it has forgotten: what a
// long-lived runtime keeps for its report stays bounded.

export class History<A> {
  readonly #limit: number
  readonly #items: Array<A> = []
  #dropped = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get dropped(): number {
    return this.#dropped
  }

  get last(): A | undefined {
    return this.#items.at(-1)
  }

  add(item: A): void {
    if (this.#items.length >= this.#limit) {
      this.#dropped += this.#items.splice(0, Math.ceil(this.#limit / 10)).length
    }
    this.#items.push(item)
  }

  all(): ReadonlyArray<A> {
    return [...this.#items]
  }
}
