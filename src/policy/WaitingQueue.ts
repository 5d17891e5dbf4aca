// The waiting tasks with the orders that have been asked for, each built once and kept from then on:
// with n tasks and a few orders, a change costs O(log n) and a decision reads only what it starts.
import type { WaitingTask } from "../model/Snapshot.ts"
import {
  byArrival,
  type OrderedTasks,
  type TaskOrder,
  type WaitingTasks,
} from "../model/WaitingTasks.ts"
import { SortedTasks } from "./SortedTasks.ts"

type TenantTasks = Map<string, SortedTasks>

export class WaitingQueue implements WaitingTasks {
  readonly #arrival = new SortedTasks(byArrival)
  readonly #orders = new Map<TaskOrder, SortedTasks>([[byArrival, this.#arrival]])
  readonly #tenants = new Map<TaskOrder, TenantTasks>()
  #footprintBytes = 0

  static of(tasks: Iterable<WaitingTask>): WaitingQueue {
    const queue = new WaitingQueue()
    for (const task of tasks) queue.add(task)
    return queue
  }

  get length(): number {
    return this.#arrival.length
  }

  get footprintBytes(): number {
    return this.#footprintBytes
  }

  add(task: WaitingTask): void {
    this.#footprintBytes += task.footprintBytes
    for (const sorted of this.#orders.values()) sorted.add(task)
    for (const [order, tenants] of this.#tenants) addTo(tenants, order, task)
  }

  /** False when it is not there. */
  remove(task: WaitingTask): boolean {
    if (!this.#arrival.remove(task)) return false
    this.#footprintBytes -= task.footprintBytes
    for (const sorted of this.#orders.values()) {
      if (sorted !== this.#arrival) sorted.remove(task)
    }
    for (const tenants of this.#tenants.values()) removeFrom(tenants, task)
    return true
  }

  [Symbol.iterator](): Iterator<WaitingTask> {
    return this.#arrival[Symbol.iterator]()
  }

  ordered(order: TaskOrder): OrderedTasks {
    const known = this.#orders.get(order)
    if (known !== undefined) return known
    const sorted = new SortedTasks(order)
    for (const task of this.#arrival) sorted.add(task)
    this.#orders.set(order, sorted)
    return sorted
  }

  byTenant(order: TaskOrder): ReadonlyMap<string, OrderedTasks> {
    const known = this.#tenants.get(order)
    if (known !== undefined) return known
    const tenants: TenantTasks = new Map()
    for (const task of this.#arrival) addTo(tenants, order, task)
    this.#tenants.set(order, tenants)
    return tenants
  }
}

const addTo = (tenants: TenantTasks, order: TaskOrder, task: WaitingTask): void => {
  let sorted = tenants.get(task.tenant)
  if (sorted === undefined) {
    sorted = new SortedTasks(order)
    tenants.set(task.tenant, sorted)
  }
  sorted.add(task)
}

const removeFrom = (tenants: TenantTasks, task: WaitingTask): void => {
  const sorted = tenants.get(task.tenant)!
  sorted.remove(task)
  if (sorted.length === 0) tenants.delete(task.tenant)
}
