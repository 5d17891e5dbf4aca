// A list whose first element is at hand, while the others are made when somebody asks for them, once.

export class FirstAtHand<A> {
  readonly first: A
  readonly #rest: (() => ReadonlyArray<A>) | null
  #all: ReadonlyArray<A> | null = null

  /** `rest`: makes the others; null where there are none. */
  constructor(first: A, rest: (() => ReadonlyArray<A>) | null = null) {
    this.first = first
    this.#rest = rest
  }

  /** False: there are no others. True: there may be some, nobody knows until they are made. */
  get mayHaveOthers(): boolean {
    return this.#rest !== null
  }

  get all(): ReadonlyArray<A> {
    this.#all ??= [this.first, ...(this.#rest?.() ?? [])]
    return this.#all
  }

  at(index: number): A | undefined {
    return index === 0 ? this.first : this.all[index]
  }

  map<B>(of: (one: A) => B): FirstAtHand<B> {
    const rest = this.#rest === null ? null : () => this.all.slice(1).map(of)
    return new FirstAtHand(of(this.first), rest)
  }
}
