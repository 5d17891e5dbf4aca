// What a task was taken for, and what still stands for it of that.
import type { SharedPromise } from "./Promises.ts"

export interface Admitted {
  readonly bytes: number
  /** Null without a deadline, and where deadlines are targets. */
  readonly promise: SharedPromise | null
  /** What stands in line for it now: the promise, or what is left of it; null while it runs. */
  inLine: SharedPromise | null
  /** Neither does it run nor does it hold the memory of an earlier run. */
  isQueued: boolean
}
