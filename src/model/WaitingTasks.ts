// The tasks that wait, in as many orders as the policies ask for: what a policy reads instead of
// sorting. An order is kept up while tasks come and go, so a decision looks at the few tasks it needs.
import type { WaitingTask } from "./WaitingTask.ts"

/**
 * Tasks by a key, ascending, ties by arrival. A constant of the policy's file: the object itself is
 * the name of the order.
 */
export interface TaskOrder {
  /** The same for a task as long as it waits. May be infinite, never NaN. */
  readonly key: (task: WaitingTask) => number
  /** Those that have a place in it; all where left out. */
  readonly holds?: (task: WaitingTask) => boolean
}

/** Reads one task after the other; an iterator would make an object of each. */
export interface TaskReader {
  /** The next; undefined when there is none. */
  readonly read: () => WaitingTask | undefined
}

/** Ascending when iterated. Valid until the next change, as all that a snapshot holds. */
export interface OrderedTasks extends Iterable<WaitingTask> {
  readonly length: number
  readonly first: WaitingTask | undefined
  /** From the first on. */
  readonly reader: () => TaskReader
  /** The last first; of tasks with the same key, the latest arrival. */
  readonly descending: () => Iterable<WaitingTask>
}

/** Iterated in order of arrival. */
export interface TaskList extends Iterable<WaitingTask> {
  readonly length: number
  /** Of all of them: the sum of what each needs on an empty device. */
  readonly footprintBytes: number
  readonly ordered: (order: TaskOrder) => OrderedTasks
  /** Each tenant's tasks by `order`, of the tenants that have any. */
  readonly byTenant: (order: TaskOrder) => ReadonlyMap<string, OrderedTasks>
}

export interface WaitingTasks extends TaskList {
  /**
   * Those that can still meet their target were they to start now, and those without a target. Time
   * never goes back: once lost, a target is lost.
   */
  readonly inTime: (nowMs: number) => TaskList
  /** The others. */
  readonly lost: (nowMs: number) => TaskList
}

export const byArrival: TaskOrder = { key: ({ seq }) => seq }
