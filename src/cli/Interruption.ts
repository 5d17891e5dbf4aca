// What a workload that is interrupted leaves behind, in one line: how far it had come, and whether
// anything was written.
import { Effect } from "effect"
import type { Progress } from "./progress.ts"
import { printNote } from "./terminal.ts"
import { formatCount } from "./units.ts"

export interface Interruption {
  /** The same progress, counted. */
  readonly progress: Progress
  /** Writes results to the end: a signal waits, so that they are there or not. */
  readonly writing: <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Says what was done when `run` is interrupted. */
  readonly noted: <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** `total`: the tasks of the workload. */
export const interruption = (progress: Progress, total: number, json: boolean): Interruption => {
  let ended = 0
  let written = false
  const note = Effect.suspend(() => {
    progress.finish()
    const results = written ? "the results were written" : "nothing was written"
    const message = `interrupted: ${formatCount(ended)} of ${formatCount(total)} tasks had ended; ${results}`
    const error = { tag: "Interrupted", message, tasksEnded: ended, tasks: total, written }
    return printNote(json ? JSON.stringify({ error }) : message)
  })
  return {
    progress: {
      ...progress,
      update: (done, of, hurt) => {
        ended = done
        progress.update(done, of, hurt)
      },
    },
    writing: (write) =>
      Effect.uninterruptible(
        Effect.tap(write, () =>
          Effect.sync(() => {
            written = true
          }),
        ),
      ),
    noted: (run) => Effect.onInterrupt(run, () => note),
  }
}
