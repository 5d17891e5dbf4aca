// What was chosen for a run beside its policy, and changes what happens: with it a report can be
// simulated again as it was.
import type { Precision } from "./precision.ts"

export const admitModes = ["all", "deadline"] as const
export const lateModes = ["run", "expire"] as const

export interface RunSettings {
  readonly precision: Precision
  /** Which tasks are taken: all, or those whose deadline can be promised. */
  readonly admit: (typeof admitModes)[number]
  /** What happens to a task whose deadline passes while it waits. */
  readonly lateTasks: (typeof lateModes)[number]
  /** Tasks that ask for the same run once. */
  readonly shareWork: boolean
  /** A run may be stopped for an urgent task, where the policy does that. */
  readonly preempt: boolean
  /** Tasks may run by plans that need less memory and more time. */
  readonly elastic: boolean
  /** Of the chance in run times; null where they were real. */
  readonly chance: { readonly seed: number; readonly jitter: number } | null
}
