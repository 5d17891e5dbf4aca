// The waiting tasks with the orders that have been asked for, each built once and kept from then on:
// with n tasks and a few orders, a change costs O(log n) and a decision reads only what it starts. Who
// asks for those that are in time, or lost, has these apart from then on: each is moved once.
import type { WaitingTask } from "../model/Snapshot.ts"
import {
  byArrival,
  type OrderedTasks,
  type TaskList,
  type TaskOrder,
  type WaitingTasks,
} from "../model/WaitingTasks.ts"
import { latestStartMs } from "./edf.ts"
import { SortedTasks } from "./SortedTasks.ts"

type TenantTasks = Map<string, SortedTasks>

const byLatestStart: TaskOrder = { key: latestStartMs }

/** Tasks in their orders. */
class OrderedQueue implements TaskList {
  readonly #arrival = new SortedTasks(byArrival)
  readonly #orders = new Map<TaskOrder, SortedTasks>([[byArrival, this.#arrival]])
  readonly #tenants = new Map<TaskOrder, TenantTasks>()
  #footprintBytes = 0

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

/** Which tasks are in time as of a moment that only moves on. */
class Outlook {
  readonly inTime = new OrderedQueue()
  readonly lost = new OrderedQueue()

  constructor(tasks: Iterable<WaitingTask>) {
    for (const task of tasks) this.inTime.add(task)
  }

  remove(task: WaitingTask): void {
    if (!this.inTime.remove(task)) this.lost.remove(task)
  }

  at(nowMs: number): this {
    for (;;) {
      const [first] = this.inTime.ordered(byLatestStart)
      if (first === undefined || latestStartMs(first) >= nowMs) return this
      this.inTime.remove(first)
      this.lost.add(first)
    }
  }
}

export class WaitingQueue extends OrderedQueue implements WaitingTasks {
  #outlook: Outlook | null = null

  static of(tasks: Iterable<WaitingTask>): WaitingQueue {
    const queue = new WaitingQueue()
    for (const task of tasks) queue.add(task)
    return queue
  }

  override add(task: WaitingTask): void {
    super.add(task)
    this.#outlook?.inTime.add(task)
  }

  override remove(task: WaitingTask): boolean {
    if (!super.remove(task)) return false
    this.#outlook?.remove(task)
    return true
  }

  inTime(nowMs: number): TaskList {
    return this.#outlookAt(nowMs).inTime
  }

  lost(nowMs: number): TaskList {
    return this.#outlookAt(nowMs).lost
  }

  #outlookAt(nowMs: number): Outlook {
    this.#outlook ??= new Outlook(this)
    return this.#outlook.at(nowMs)
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
