// The tasks that have something to load, in the order in which they were started. One loads at a time:
// two that took turns would both be ready only when the last byte of both is there.
import { Deferred, Effect } from "effect"

/** A task's place in the line. */
export interface Turn {
  /** Settles when all before it have left. */
  readonly comes: Deferred.Deferred<void>
}

export class LoadLine {
  readonly #turns: Array<Turn> = []

  join(): Turn {
    const turn = { comes: Deferred.makeUnsafe<void>() }
    this.#turns.push(turn)
    this.#callFirst()
    return turn
  }

  /** Loaded, or gone; more than once does no harm. */
  leave(turn: Turn): void {
    const at = this.#turns.indexOf(turn)
    if (at >= 0) this.#turns.splice(at, 1)
    this.#callFirst()
  }

  #callFirst(): void {
    const first = this.#turns[0]
    if (first !== undefined) Deferred.doneUnsafe(first.comes, Effect.void)
  }
}
