// Tasks that the runtime worker has, as the application's side keeps them: each crosses under a key, those
// that come together in one message, and its end comes back under the same key.
import type { TaskSpec } from "../model/Task.ts"
import { type Envelope, unseal } from "./Envelope.ts"
import type { TaskResult } from "./RuntimeApi.ts"

export interface Sent {
  readonly key: number
  readonly spec: TaskSpec
}

export class Submissions {
  readonly #open = new Map<number, PromiseWithResolvers<TaskResult>>()
  #nextKey = 1
  #lost: { readonly error: unknown } | null = null

  /** What is to be sent, and in the same order how each will end. */
  add(specs: ReadonlyArray<TaskSpec>): {
    readonly sent: ReadonlyArray<Sent>
    readonly ends: ReadonlyArray<Promise<TaskResult>>
  } {
    const sent = specs.map((spec) => ({ key: this.#nextKey++, spec }))
    const ends = sent.map(({ key }) => {
      const end = Promise.withResolvers<TaskResult>()
      if (this.#lost === null) this.#open.set(key, end)
      else end.reject(this.#lost.error)
      return end.promise
    })
    return { sent, ends }
  }

  ended(key: number, end: Envelope<TaskResult>): void {
    const task = this.#open.get(key)
    this.#open.delete(key)
    try {
      task?.resolve(unseal(end))
    } catch (error) {
      task?.reject(error)
    }
  }

  /** These have not come across. */
  refused(sent: ReadonlyArray<Sent>, error: unknown): void {
    for (const { key } of sent) {
      this.#open.get(key)?.reject(error)
      this.#open.delete(key)
    }
  }

  /** Nothing comes back any more. */
  lost(error: unknown): void {
    this.#lost = { error }
    for (const end of this.#open.values()) end.reject(error)
    this.#open.clear()
  }

  /** Settles when all that was sent has ended here too. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(({ promise }) => promise))
  }
}
