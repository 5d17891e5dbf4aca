// Which runs are being stopped, and for whom. A lane that is given back belongs to the task that it was
// given back for: until that one starts, or is gone, it comes before the policy's choice. A lane that is
// free before, by itself, is anybody's.

import type { RunTask } from "./ExecutorActor.ts"
import type { LiveTask } from "./LiveTask.ts"

export class Preemptions {
  readonly #runs = new Map<string, RunTask>()
  /** By the task that is being stopped, the one that takes its lane. */
  readonly #urgent = new Map<string, LiveTask>()
  readonly #claims = new Set<LiveTask>()

  started(run: RunTask): void {
    this.#runs.set(run.task.spec.id, run)
    this.#claims.delete(run.task)
  }

  /** The run has ended, stopped or not. Answers for whom it was being stopped, or null. */
  ended({ task: { spec } }: RunTask): LiveTask | null {
    const urgent = this.#urgent.get(spec.id) ?? null
    if (urgent !== null) this.#claims.add(urgent)
    this.#runs.delete(spec.id)
    this.#urgent.delete(spec.id)
    return urgent
  }

  /** Asks a run to stop at its next operator boundary. */
  stop(id: string, urgent: LiveTask): void {
    const run = this.#runs.get(id)
    if (run === undefined) throw new Error(`the policy stopped ${id}, which does not run`)
    this.#urgent.set(id, urgent)
    run.stop.ask()
  }

  /** For whom the run is being stopped, or null. */
  urgentFor(id: string): string | null {
    return this.#urgent.get(id)?.spec.id ?? null
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
}
