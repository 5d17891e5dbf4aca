// Which runs are being stopped, and for whom. A lane that is given back belongs to the task that it was
// given back for: until that one starts, or is gone, it comes before the policy's choice. A lane that is
// free before, by itself, is anybody's.

import type { RunTask } from "./ExecutorActor.ts"
import type { LiveTask } from "./LiveTask.ts"

/** A run under way. */
interface Stay {
  readonly run: RunTask
  /** The task that takes its lane, once it is being stopped. */
  urgent: LiveTask | null
}

export class Preemptions {
  readonly #stays: Array<Stay> = []
  /** For whom a lane was given back. */
  readonly #claims = new Set<LiveTask>()

  started(run: RunTask): void {
    this.#stays.push({ run, urgent: null })
    this.#claims.delete(run.task)
  }

  /** The run has ended, stopped or not. Answers for whom it was being stopped, or null. */
  ended({ task: { spec } }: RunTask): LiveTask | null {
    const [stay] = this.#stays.splice(this.#placeOf(spec.id), 1) as [Stay]
    if (stay.urgent !== null) this.#claims.add(stay.urgent)
    return stay.urgent
  }

  /** Asks a run to stop at its next operator boundary. */
  stop(id: string, urgent: LiveTask): void {
    const stay = this.#stays[this.#placeOf(id)]
    if (stay === undefined) throw new Error(`the policy stopped ${id}, which does not run`)
    stay.urgent = urgent
    stay.run.stop.ask()
  }

  /** The next for whom a lane was given back and who still waits, or null. */
  claim(): LiveTask | null {
    for (const task of this.#claims) {
      if (task.state === "ready") return task
      this.#claims.delete(task)
    }
    return null
  }

  /** It does not fit beside what runs by now. */
  giveUp(task: LiveTask): void {
    this.#claims.delete(task)
  }

  #placeOf(id: string): number {
    return this.#stays.findIndex(({ run }) => run.task.spec.id === id)
  }
}
