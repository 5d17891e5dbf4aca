// Asks a plan to stop at its next operator boundary, where it will go on later. Whoever gave the plan
// keeps the signal, so asking reaches it before its submission as well as on its lane; once the plan has
// ended it means nothing.

export class StopSignal {
  readonly #listeners: Array<() => void> = []
  #asked = false

  get asked(): boolean {
    return this.#asked
  }

  ask(): void {
    if (this.#asked) return
    this.#asked = true
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` once: when it is asked, or at once if it was. */
  listen(listener: () => void): void {
    if (this.#asked) listener()
    else this.#listeners.push(listener)
  }
}
