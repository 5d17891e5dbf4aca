// The waiting tasks of each tenant, all in one order: a list for each tenant that has any.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { OrderedTasks, TaskOrder } from "../model/WaitingTasks.ts"
import { hasPlace, SortedTasks } from "./SortedTasks.ts"

export class TenantTasks {
  readonly #order: TaskOrder
  readonly #lists = new Map<string, SortedTasks>()

  constructor(order: TaskOrder) {
    this.#order = order
  }

  get lists(): ReadonlyMap<string, OrderedTasks> {
    return this.#lists
  }

  /** Nothing happens to one that has no place in the order. */
  add(task: WaitingTask): void {
    if (!hasPlace(this.#order, task)) return
    const known = this.#lists.get(task.tenant)
    const list = known ?? new SortedTasks(this.#order)
    if (known === undefined) this.#lists.set(task.tenant, list)
    list.add(task)
  }

  remove(task: WaitingTask): void {
    const list = this.#lists.get(task.tenant)
    list?.remove(task)
    if (list?.length === 0) this.#lists.delete(task.tenant)
  }
}
